/** What a file is by its first bytes. */
export interface FileKind {
  /** Stable, for callers that branch. */
  readonly kind: FileKindName;
  /** With its article, for "got …": `a Git LFS pointer`. */
  readonly what: string;
  /** What the user can do with it, a sentence without its full stop. */
  readonly remedy: string;
}

/** Kinds that are read by some function of this package. */
export type ReadKindName = 'safetensors' | 'npy' | 'npz' | 'pickle' | 'torch-legacy' | 'torch-zip' | 'zip';

/** Every kind that is told apart. */
export type FileKindName =
  | ReadKindName
  | 'damaged-zip'
  | 'empty'
  | 'zeros'
  | 'git-lfs-pointer'
  | 'git-annex-pointer'
  | 'dvc-pointer'
  | 'html'
  | 'xml'
  | 'json'
  | 'json-message'
  | 'checkpoint-index'
  | 'text'
  | 'compressed'
  | 'tar'
  | 'torch-tar'
  | 'torchscript'
  | 'torch-export'
  | 'torch-package'
  | 'torch-folder'
  | 'torch-repacked'
  | 'keras'
  | 'hdf5'
  | 'onnx'
  | 'tensorflow'
  | 'tflite'
  | 'gguf'
  | 'flax'
  | 'matlab'
  | 'table'
  | 'image'
  | 'idx'
  | 'pdf'
  | 'unknown';

const OPEN_AS = (ending: string): string => `Open it as what it is: its name should end in ${ending}`;

const CONVERT = 'Save its weights as safetensors with the program that wrote it';

/** Descriptions that need nothing of the file's contents. */
const PLAIN = {
  safetensors: ['a safetensors file', OPEN_AS('.safetensors')],
  npy: ['an npy file of NumPy', OPEN_AS('.npy')],
  npz: ['an npz archive of NumPy', OPEN_AS('.npz')],
  pickle: ['a pickle of Python', OPEN_AS('.pkl')],
  'torch-legacy': ['a PyTorch checkpoint', OPEN_AS('.pt')],
  'torch-zip': ['a PyTorch checkpoint', OPEN_AS('.pt')],
  zip: ['a zip', 'Unpack it first'],
  'damaged-zip': ['a zip that is damaged or cut off', 'Fetch or save it again'],
  empty: ['an empty file', 'Fetch or save it again'],
  zeros: ['a file of zero bytes where it should begin', 'Its download or copy was cut off: fetch it again'],
  'dvc-pointer': ['a pointer of DVC', 'Run "dvc pull" where it lies to get the file itself'],
  'git-annex-pointer': ['a pointer of git-annex', 'Run "git annex get" on it to get the file itself'],
  'torch-tar': [
    // Not read: PyTorch itself converts it in one line, and nobody has written it since 2017.
    'a PyTorch checkpoint in the tar format used before version 0.1.10',
    'If you trust it, save it again in Python: torch.save(torch.load(FILE, weights_only=False), "checkpoint.pt")',
  ],
  torchscript: [
    'a TorchScript program',
    'Save its weights alone, in Python: torch.save(torch.jit.load(FILE).state_dict(), "weights.pt")',
  ],
  'torch-export': [
    'a program of torch.export',
    'Save its weights alone, in Python: torch.save(torch.export.load(FILE).state_dict, "weights.pt")',
  ],
  'torch-package': ['an archive of torch.package', 'Save the weights of its model alone: model.state_dict()'],
  'torch-folder': [
    'the folder of an unpacked PyTorch checkpoint',
    'Put it back into a file, from the folder above it: zip -0 -r checkpoint.pt FOLDER',
  ],
  'torch-repacked': [
    'a PyTorch checkpoint that another program has packed with compression',
    'Unpack it, and pack its folder without: zip -0 -r checkpoint.pt FOLDER',
  ],
  keras: ['a model of Keras', 'Save its weights in Python: numpy.savez("weights.npz", *model.get_weights())'],
  hdf5: [
    'an HDF5 file (of Keras, or of MATLAB)',
    'Save its arrays in Python: read them with h5py, write them with numpy.savez',
  ],
  onnx: ['an ONNX model', CONVERT],
  tensorflow: ['a model or checkpoint of TensorFlow', CONVERT],
  tflite: ['a model of TensorFlow Lite', CONVERT],
  gguf: ['a GGUF file of llama.cpp', 'Take the checkpoint that it was made from'],
  flax: ['a msgpack file, as Flax writes them', CONVERT],
  matlab: ['a MATLAB file', 'Save its arrays in Python: read them with scipy.io.loadmat, write them with numpy.savez'],
  idx: ['an IDX file, as MNIST has them', OPEN_AS('-ubyte')],
  unknown: ['a file of another kind', 'Check that it is the right one; if it is, fetch it again'],
  pdf: ['a PDF document', 'Download the file itself'],
} as const satisfies Partial<Record<FileKindName, readonly [what: string, remedy: string]>>;

/** A kind that is told by its name alone. */
export function plainKind(kind: keyof typeof PLAIN): FileKind {
  const [what, remedy] = PLAIN[kind];
  return { kind, what, remedy };
}

/** Characters of a file that an error shows. */
const MAX_SHOWN = 80;

/** A piece of a file's text in quotes, on one line. */
export const shown = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return JSON.stringify(line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}…` : line);
};
