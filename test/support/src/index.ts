export { maxAbsoluteError, relativeError } from './errors.js';
export { type GoldenArray, type GoldenFile, goldenPath, readGolden } from './golden.js';
export { nchwToNhwc, nhwcToNchw, oihwToHwio, oiToIo } from './layout.js';
export { codeBlocks, runMarkdown, type ShownCommand, shownCommands } from './markdown.js';
export { useQuickFilterGradient } from './quick-filter-gradient.js';
export { type SignalMoment, signalSelf } from './signal-self.js';
export { difference, draw, withGradients } from './tensors.js';
