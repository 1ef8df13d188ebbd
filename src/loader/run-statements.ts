// Runs the statements of a step, each under the search_path that its SQL was written for.

import { type Statement, statement, trusted } from '../core/sql.ts'
import type { Session } from '../db/session.ts'
import { manifestPath, readingPath } from '../introspector/transaction-settings.ts'

export async function runStatements(
  session: Session,
  statements: readonly Statement[],
  searchPath: readonly string[],
): Promise<void> {
  for (const each of pathKeeper(searchPath).withPath(statements)) await session.execute(each)
}

/** Keeps track of the search_path of a transaction, so that it is set only where it changes. */
export interface PathKeeper {
  /** The statements, with what they need around them. */
  withPath(statements: readonly Statement[]): readonly Statement[]
  /** Has to be called when something else may have set another path. */
  forget(): void
}

export function pathKeeper(searchPath: readonly string[]): PathKeeper {
  let isCatalogPath: boolean | undefined
  function* around(each: Statement): Iterable<Statement> {
    const { isResolved = false, isInSubtransaction = false } = each
    if (isResolved !== isCatalogPath) yield statement(isResolved ? readingPath : manifestPath(searchPath))
    isCatalogPath = isResolved
    if (isInSubtransaction) yield statement(trusted('SAVEPOINT statement'))
    yield each
    if (isInSubtransaction) yield statement(trusted('RELEASE statement'))
  }
  return {
    withPath: (statements) => statements.flatMap((each) => [...around(each)]),
    forget() {
      isCatalogPath = undefined
    },
  }
}
