// What user-defined code PostgreSQL would run while it creates something, as far as the statements alone show.

import type { Session } from '../../db/session.ts'
import { type EvaluatingTypes, readEvaluatingTypes } from './evaluating-types.ts'
import { mayEvaluateLiterals } from './literals.ts'
import { type ImageClass, imageFunctionsCalled, readImageClasses } from './operator-classes.ts'
import { readValidators, type Validators, validatorsCalled } from './validators.ts'

/** What runs code in this database, whoever names it. */
export interface EvaluatingCode {
  readonly types: EvaluatingTypes | undefined
  readonly validators: Validators
  readonly imageClasses: readonly ImageClass[]
}

/** The session must be in a transaction with a search_path of pg_catalog alone. */
export async function readEvaluatingCode(session: Session): Promise<EvaluatingCode> {
  return {
    types: await readEvaluatingTypes(session),
    validators: await readValidators(session),
    imageClasses: await readImageClasses(session),
  }
}

/** The code that statements would run by their literals, validators and operator classes, in words. */
export async function runByStatements(
  session: Session,
  { types, validators, imageClasses }: EvaluatingCode,
  statements: readonly { readonly sql: string }[],
): Promise<readonly string[]> {
  const code: string[] = []
  for (const { sql } of statements) {
    if (types && (await mayEvaluateLiterals(types, sql))) code.push(...types.code)
    code.push(...(await validatorsCalled(session, validators, sql)))
    code.push(...(await imageFunctionsCalled(imageClasses, sql)))
  }
  return [...new Set(code)]
}

/** Why a plan does not create something. */
export function evaluationReason(code: readonly string[]): string {
  return `creating it would run ${[...new Set(code)].join(', ')}, and a plan runs no user-defined code`
}
