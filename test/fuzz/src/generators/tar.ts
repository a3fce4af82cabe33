import type { Dice } from '../dice.js';
import type { Member } from './zip.js';

/** A tar of ustar headers, each field at times something else. */
export function anyTar(members: readonly Member[], dice: Dice, oddity = 0.03): Uint8Array {
  const blocks = members.flatMap(([name, bytes]) => {
    const header = Buffer.alloc(512);
    const write = (value: string, at: number, width: number): void => {
      const bent = dice.chance(oddity) ? dice.pick(['', '77777777777', '-1', 'x', '\x80\xff\xff\xff']) : value;
      header.write(bent.slice(0, width), at, 'latin1');
    };
    write(name, 0, 100);
    write('0000644\0', 100, 8);
    write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124, 12);
    write('0', 156, 1);
    write('ustar\x0000', 257, 8);
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8);
    const body = Buffer.alloc(Math.ceil(bytes.length / 512) * 512);
    body.set(bytes);
    return [header, body];
  });
  return Buffer.concat([...blocks, Buffer.alloc(dice.chance(0.9) ? 1024 : 0)]);
}
