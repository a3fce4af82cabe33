import type { SweepResult } from '../sweep/result.js';

const COLUMNS = [
  'sigma_rel',
  'guide_sigma_rel',
  'guidance',
  'interval_lo',
  'interval_hi',
  'frechet_mean',
  'frechet_std',
  'label_agreement_mean',
  'label_agreement_std',
  'n',
  'draws',
];

/** A line for each point, best first as given; empty where a value plays no part or is not known. */
export function sweepCsv(results: readonly SweepResult[]): string {
  const cell = (value: number | undefined): string => (value === undefined || Number.isNaN(value) ? '' : String(value));
  const rows = results.map(({ point, frechet, labelAgreement, n }) =>
    [
      point.sigmaRel,
      point.guideSigmaRel,
      point.weight,
      point.interval?.[0],
      point.interval?.[1],
      frechet.mean,
      frechet.std,
      labelAgreement.mean,
      labelAgreement.std,
      n,
      frechet.draws,
    ].map(cell),
  );
  return [COLUMNS, ...rows].map((row) => `${row.join(',')}\n`).join('');
}
