// A plan as a script for psql, with the transactions of an apply. It neither checks that the plan still fits nor writes the ledger.

import { exitCode, FdwsyncError, type Problem } from '../../core/errors.ts'
import { idOf } from '../../core/object.ts'
import type { PlainStep, Plan, ReplaceStep, Step } from '../../core/plan.ts'
import { isPrintable, oneLine, printable } from '../../core/printable.ts'
import { ident, literal, type Statement } from '../../core/sql.ts'
import { toolVersion } from '../../core/version.ts'
import { manifestSettings } from '../../introspector/transaction-settings.ts'
import { targetSetting } from '../../kinds/kind.ts'
import { planNotices } from '../plan-notices.ts'
import { printableSql } from './printable-sql.ts'
import { nameSecrets, type SecretVariables, withVariables } from './secret-variables.ts'

/** @throws FdwsyncError (`exitCode.refused`) if only `fdwsync apply` can do what the plan contains */
export function renderScript(plan: Plan): string {
  const steps = expressibleSteps(plan)
  const variables = nameSecrets(steps)
  const definitions = (['prepare', 'define'] as const).flatMap((stage) => {
    const own = steps.filter((step) => step.stage === stage)
    return own.length === 0 ? [] : [transaction(plan, own, variables)]
  })
  const data = steps.filter(({ stage }) => stage === 'build' || stage === 'populate')
  const parts = [
    header(plan, variables),
    ...(steps.some(isInLedger) ? [findLedger] : []),
    ...definitions,
    ...data.map((step) => inDatabaseOf(plan, step, transaction(plan, [step], variables))),
    ...(steps.length === 0 ? ['-- Nothing to change.'] : []),
  ]
  const script = `${parts.join('\n\n')}\n`
  if (!isPrintable(script))
    throw refused([{ ...noScript, message: 'the plan has characters that a script cannot show' }])
  return script
}

const noScript = {
  code: 'plan/not-expressible',
  hint: 'Apply the plan with fdwsync apply, or print it in another format.',
} as const

function refused(problems: readonly Problem[]): FdwsyncError {
  return new FdwsyncError(problems, exitCode.refused)
}

/** A swap retries its locks and keeps what others have attached to an object, which takes more than a script. */
function expressibleSteps({ refusals, steps }: Plan): readonly PlainStep[] {
  if (refusals.length > 0) {
    throw refused(refusals.map(({ code, title, reason, hint }) => ({ code, message: `${title}: ${reason}`, hint })))
  }
  const isReplace = (step: Step): step is ReplaceStep => step.action === 'replace'
  const replaced = steps.filter(isReplace).flatMap(({ members }) => members)
  if (replaced.length > 0) {
    const reason = 'it is rebuilt online and swapped, which a script cannot do'
    throw refused(replaced.map(({ title }) => ({ ...noScript, message: `${title}: ${reason}` })))
  }
  const plain = steps.flatMap((step) => (isReplace(step) ? [] : [step]))
  const unresolved = plain.filter(({ statements }) => statements.some(({ sql }) => /\$\{(?:env|file):/.test(sql)))
  if (unresolved.length > 0) {
    const hint = 'References are resolved by fdwsync plan --format sql.'
    throw refused(
      unresolved.map(({ title }) => ({ ...noScript, message: `${title}: it has an unresolved reference`, hint })),
    )
  }
  return plain
}

function header(plan: Plan, variables: SecretVariables): string {
  const { manifest, database } = plan
  const notices = planNotices(plan).map(({ level, text, names }) =>
    comment([`${level}: ${text}`, names].filter((part) => part !== '').join(': ')),
  )
  const secrets = variables.names.flatMap((name) => [`\\if :{?${name}}`, '\\else', unset(name), '\\endif'])
  return [
    comment(`fdwsync ${toolVersion}: ${manifest} → ${database.name} (PostgreSQL ${database.serverVersion})`),
    '-- Run it with psql -X -f. It is for the database as it was planned for; it does not check that nothing has changed since.',
    '-- It does not write the ledger of fdwsync: the next apply records what it finds.',
    ...(variables.names.length === 0
      ? []
      : [
          '-- Secrets are psql variables: psql -v NAME=VALUE, or \\getenv NAME VARIABLE before this script is included. Unlike an apply,',
          '-- psql sends them inside of statements, which a server may log.',
        ]),
    ...notices,
    '\\set ON_ERROR_STOP on',
    ...secrets,
    'SET standard_conforming_strings = on;',
  ].join('\n')
}

/** A refresh policy is a row of the ledger, which only an apply creates. */
function isInLedger({ key }: PlainStep): boolean {
  return idOf(key)?.kind === 'refreshPolicy'
}

const findLedger = `-- Refresh policies are in the ledger. If there is none yet, the next apply writes them.
SELECT pg_catalog.to_regclass('fdwsync.policy') IS NOT NULL AS has_ledger \\gset`

function unset(name: string): string {
  return `DO $$ BEGIN RAISE EXCEPTION 'the psql variable ${name} is not set'; END $$;`
}

function comment(text: string): string {
  return `-- ${printable(oneLine(text))}`
}

/** psql connects to the other database as it did to this one. */
function inDatabaseOf({ database: target }: Plan, { database }: PlainStep, text: string): string {
  if (database === undefined) return text
  const setting = `SELECT pg_catalog.set_config('${targetSetting}', ${literal(target.name)}, false);`
  return [connect(database), setting, text, connect(target.name)].join('\n')
}

function connect(database: string): string {
  return `\\connect ${ident(database)}\nSET standard_conforming_strings = on;`
}

function transaction(plan: Plan, steps: readonly PlainStep[], variables: SecretVariables): string {
  const lines = ['BEGIN;', 'SET LOCAL statement_timeout = 0;']
  let path = ''
  for (const step of steps) {
    lines.push('', comment(`${step.action} ${step.title}`))
    for (const statement of step.statements) {
      const needed = statement.isResolved ? String(manifestSettings(['pg_catalog', 'pg_temp'])) : pathOf(plan, step)
      if (needed !== path) lines.push(`${needed};`)
      path = needed
      const text = `${printableSql(withVariables(step, statement, variables))};`
      lines.push(...within(step, statement, text))
    }
  }
  return [...lines, '', 'COMMIT;'].join('\n')
}

function within(step: PlainStep, { isInSubtransaction }: Statement, text: string): readonly string[] {
  if (isInLedger(step)) return ['\\if :has_ledger', text, '\\endif']
  return isInSubtransaction ? ['SAVEPOINT statement;', text, 'RELEASE statement;'] : [text]
}

/** A load runs under the settings of the session, as any REFRESH does. */
function pathOf({ searchPath }: Plan, { stage }: PlainStep): string {
  if (stage !== 'populate') return String(manifestSettings(searchPath))
  return `SET LOCAL search_path = ${searchPath.length === 0 ? "''" : searchPath.map(ident).join(', ')}`
}
