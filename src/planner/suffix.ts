// The suffix of the temporary names of a plan.

import { randomBytes } from 'node:crypto'

/** Random, so that no role can prepare objects under the temporary names. */
export function newSuffix(): string {
  return randomBytes(6).toString('hex')
}
