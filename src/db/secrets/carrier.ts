// The common type of the two ways to send secrets to the server: in the startup packet, and by COPY.

import type { Secret } from '../../core/secret.ts'
import type { Sql, Statement } from '../../core/sql.ts'
import type { Wire } from '../wire.ts'
import { secretBlock } from './block.ts'

/** Runs a statement whose secrets the carrier sends to the server. */
export type Carrier = (wire: Wire, statement: Statement) => Promise<void>

/** The DO block for a statement, with the SQL expression of each secret. Secrets are compared by identity. */
export function blockFor(statement: Statement, expressions: ReadonlyMap<Secret, Sql>): Sql {
  return secretBlock(statement, (secret) => {
    const expression = expressions.get(secret)
    // A bug of the caller, so not an error for the user.
    if (expression === undefined) throw new Error('the session was not opened with this secret')
    return expression
  })
}
