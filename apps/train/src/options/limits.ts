/** Names of files count thousands of images in seven digits, and are sorted by them. */
export const MAX_IMAGES = 9_999_999_999;
/** Images of a step; the largest of the papers is 4096. */
export const MAX_BATCH = 65_536;
/** Channels of a ladder's network; the largest published one has 512. */
export const MAX_CHANNELS = 1024;
/** Trainings of a config, and draws of a training, in a ladder. */
export const MAX_REPEATS = 1000;
