import { leaveOneOut } from '@edm2/phema/node';
import { describe, expect, it } from 'vitest';
import { scratch, writeGoldenRun } from './run.fixture.js';

describe('leaveOneOut', () => {
  it('measures reconstruction on averages that are known', async () => {
    const input = await writeGoldenRun(await scratch());
    const rows = await leaveOneOut({ input });
    expect(rows.map(({ sigmaRel, nimg, from }) => [sigmaRel, nimg, from])).toEqual([
      [0.05, 25600, 15],
      [0.1, 25600, 15],
    ]);
    for (const { relativeError, profileError, relativeToNearest, worst } of rows) {
      expect(relativeError).toBeGreaterThan(0);
      expect(relativeError).toBeLessThan(profileError);
      expect(relativeToNearest).toBeLessThan(1);
      expect(worst.name).toBe('net.weight');
    }
    const [whole] = await leaveOneOut({ input, sigmaRel: 0.1, wholeTrack: true, t: 12800 });
    expect([whole?.from, whole?.nimg]).toEqual([4, 12800]);
  });

  it('says what is stored when asked for what is not', async () => {
    const input = await writeGoldenRun(await scratch());
    await expect(leaveOneOut({ input, sigmaRel: 0.2 })).rejects.toThrow(/lengths 0.05, 0.1/);
    await expect(leaveOneOut({ input, t: 3200, sigmaRel: 0.1, wholeTrack: true })).resolves.toHaveLength(1);
    await expect(
      leaveOneOut({ input: [`${input}/${3200}-network-snapshot-0000003-0.050.safetensors`] }),
    ).rejects.toThrow(/expected other averages/);
  });
});
