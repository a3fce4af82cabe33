import { createRandom, type Random, type RandomStream } from '@edm2/random';
import { expectTypeOf } from 'vitest';

expectTypeOf(createRandom).toEqualTypeOf<(seed: number) => Random>();
expectTypeOf<Random['stream']>().returns.toEqualTypeOf<RandomStream>();
expectTypeOf<Random['stream']>().toBeCallableWith('noise', 3);
expectTypeOf<RandomStream['normal']>().toBeCallableWith(4);
expectTypeOf<RandomStream['normal']>().returns.toExtend<Float32Array>();
expectTypeOf<RandomStream['uniform']>().returns.toExtend<Float32Array>();
expectTypeOf<RandomStream['integers']>().parameters.toEqualTypeOf<[n: number, bound: number]>();
expectTypeOf<RandomStream['integers']>().returns.toExtend<Int32Array>();
expectTypeOf<RandomStream['permutation']>().returns.toExtend<Int32Array>();
