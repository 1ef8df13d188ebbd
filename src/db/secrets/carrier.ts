import type { Secret } from '../../core/secret.ts'
import type { Sql, Statement } from '../../core/sql.ts'
import type { Wire } from '../wire.ts'
import { secretBlock } from './block.ts'

/** Runs a statement that has secrets, which reach the server in this carrier's way. */
export type Carrier = (wire: Wire, statement: Statement) => Promise<void>

/** The DO block for a statement whose secrets are found by `expressions`, by identity. */
export function blockFor(statement: Statement, expressions: ReadonlyMap<Secret, Sql>): Sql {
  return secretBlock(statement, (secret) => {
    const expression = expressions.get(secret)
    // A bug of the caller: nothing that a user could do something about.
    if (expression === undefined) throw new Error('the session was not opened with this secret')
    return expression
  })
}
