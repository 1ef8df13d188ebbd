// Finds user-defined code that PostgreSQL would run while it creates something, from the statements alone.

import { uniqueBy } from '../../core/data.ts'
import type { Session } from '../../db/session.ts'
import { describeCode, type EvaluatedCode, type EvaluationContext } from './evaluated-code.ts'
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

/**
 * The session must be in a transaction with a search_path of pg_catalog alone. Wrappers and operator classes are created by
 * superusers, who have chosen the functions of those.
 */
export async function readEvaluatingCode(
  session: Session,
  context: EvaluationContext = { trustedRoles: [] },
): Promise<EvaluatingCode> {
  return {
    types: await readEvaluatingTypes(session, context),
    validators: await readValidators(session, context),
    imageClasses: context.isUntrustedOnly ? [] : await readImageClasses(session),
  }
}

/** The code that statements would run by their literals, validators and operator classes, in words. */
export async function runByStatements(
  session: Session,
  { types, validators, imageClasses }: EvaluatingCode,
  statements: readonly { readonly sql: string }[],
): Promise<readonly EvaluatedCode[]> {
  const code: EvaluatedCode[] = []
  for (const { sql } of statements) {
    if (types && (await mayEvaluateLiterals(types, sql))) code.push(...types.code)
    code.push(...(await validatorsCalled(session, validators, sql)))
    code.push(...(await imageFunctionsCalled(imageClasses, sql)))
  }
  return uniqueBy(code, ({ title }) => title)
}

/** Why a plan does not create something. */
export function evaluationReason(code: readonly EvaluatedCode[]): string {
  return `creating it would run ${describeCode(code)}, and a plan runs no user-defined code`
}
