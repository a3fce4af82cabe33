/** Something that is done to the pixels of an image while it is read. */
export type ConversionKind =
  | 'alpha'
  | 'grey-to-rgb'
  | 'rgb-to-grey'
  | '16-bit'
  | 'max-value'
  | 'cmyk'
  | 'first-frame'
  | 'orientation'
  | 'warning'
  | 'flattened'
  | 'turned'
  | 'profile'
  | 'enlarged';

/** What a conversion is, in words that follow a number of images. */
export const CONVERSIONS: Readonly<Record<ConversionKind, string>> = {
  alpha: 'transparency dropped',
  'grey-to-rgb': 'grey read as RGB',
  'rgb-to-grey': 'RGB turned to grey',
  '16-bit': '16 bits a value, the upper 8 kept',
  'max-value': 'values scaled to 0…255',
  cmyk: 'CMYK turned to RGB without a colour profile',
  'first-frame': 'the first of several frames taken',
  orientation: 'orientation tag not applied',
  warning: 'decoded with a warning',
  flattened: 'transparency laid on a colour',
  turned: 'turned upright by the orientation tag',
  profile: 'colours turned to sRGB by a profile',
  enlarged: 'enlarged',
};

const KINDS = Object.keys(CONVERSIONS) as ConversionKind[];

/** The bit that stands for a conversion: those of an image are a sum of bits. */
export const conversionBit = (kind: ConversionKind): number => 1 << KINDS.indexOf(kind);

/** The conversions of a sum of bits. */
export const conversionsOf = (bits: number): ConversionKind[] => KINDS.filter((_, i) => bits & (1 << i));
