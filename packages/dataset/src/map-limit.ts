/**
 * Runs `task(0 … count − 1)`, at most `limit` at a time. Starts no new one after a failure.
 *
 * @param check - called before each task; what it throws ends the work.
 * @throws whatever the first failing task throws.
 */
export async function mapLimit(
  count: number,
  limit: number,
  task: (index: number) => Promise<void>,
  check: () => void = () => {},
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < count && !failed) {
      try {
        check();
        await task(next++);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, count) }, worker));
}
