// Runs the statements of a step, each under the search_path that its SQL was written for.

import { type Statement, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'

export async function runStatements(
  session: Session,
  statements: readonly Statement[],
  searchPath: readonly string[],
): Promise<void> {
  let isCatalogPath: boolean | undefined
  for (const statement of statements) {
    const { isResolved = false } = statement
    if (isResolved !== isCatalogPath) await session.run(isResolved ? readingPath : manifestPath(searchPath))
    isCatalogPath = isResolved
    if (statement.isInSubtransaction) await session.run(trusted('SAVEPOINT statement'))
    await session.execute(statement)
    if (statement.isInSubtransaction) await session.run(trusted('RELEASE statement'))
  }
}
