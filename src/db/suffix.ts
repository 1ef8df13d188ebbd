// The suffix of temporary names: of scratch schemas, of objects that are renamed aside, of settings that carry secrets.

import { randomBytes } from 'node:crypto'

/** Random, so that runs do not meet, and no role can prepare objects under the temporary names. */
export function newSuffix(): string {
  return randomBytes(6).toString('hex')
}
