import { startEngine } from '@edm2/engine';
import { loadAutoencoder } from '@edm2/latent-vae/node';
import { type Encoder, openEncoder } from './encoder.js';
import type { Answer, Opening, Question } from './messages.js';

/** Encodes what the process that started this one sends, for as long as that one lives. */
export function serveEncoding(): void {
  // A terminal sends Ctrl-C to all its processes: the one that started this one decides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
  process.on('disconnect', () => process.exit(0));
  let opened: Promise<Encoder> | undefined;
  const answer = (...all: Answer): void => void process.send?.(all);
  const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
  process.on('message', async (message: Opening | Question) => {
    const [id, pixels] = Array.isArray(message) ? message : [-1];
    try {
      opened ??= open(message as Opening);
      const encoder = await opened;
      answer(id, pixels && (await encoder.encode(pixels)), undefined);
    } catch (error) {
      answer(id, undefined, wordsOf(error));
    }
  });
}

async function open({ vae, batch, engine, threads }: Opening): Promise<Encoder> {
  const started = await startEngine(engine, { threads, work: 'sampling' });
  return openEncoder(await loadAutoencoder(vae), batch, started);
}
