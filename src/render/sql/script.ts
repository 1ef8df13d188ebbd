// A plan as a script for psql, with the transactions of an apply. It neither checks that the plan still fits nor writes the ledger.

import { exitCode, FdwsyncError, type Problem } from '../../core/errors.ts'
import { topologicalOrder } from '../../core/graph.ts'
import { idOf } from '../../core/object.ts'
import type { PlainStep, Plan, ScriptPart, Step } from '../../core/plan.ts'
import { isPrintable, oneLine, printable } from '../../core/printable.ts'
import { ident, join, literal, type Sql, type Statement, sql } from '../../core/sql.ts'
import { toolVersion } from '../../core/version.ts'
import { manifestSettings } from '../../introspector/transaction-settings.ts'
import { targetSetting } from '../../kinds/kind.ts'
import { ledgerVersion } from '../../ledger/schema.ts'
import { planNotices } from '../plan-notices.ts'
import { printableSql } from './printable-sql.ts'
import { nameSecrets, type SecretVariables, withVariables } from './secret-variables.ts'

/** @throws FdwsyncError (`exitCode.refused`) if only `fdwsync apply` can do what the plan contains */
export function renderScript(plan: Plan): string {
  requireExpressible(plan)
  const { steps } = plan
  const partsOfAll = (some: readonly Step[]) => some.flatMap((step) => partsOf(plan, step))
  const variables = nameSecrets(partsOfAll(steps))
  const definitions = (['prepare', 'define'] as const).flatMap((stage) => {
    const own = steps.filter((step) => step.stage === stage)
    const marks = stage === 'define' && plan.script?.marks ? [plan.script.marks] : []
    return own.length === 0 ? [] : [transaction([...partsOfAll(own), ...marks], variables)]
  })
  const data = inOrder(steps.filter(({ stage }) => stage === 'build' || stage === 'populate'))
  const parts = [
    header(plan, variables),
    ...(plan.script?.check ? [transaction([plan.script.check], variables)] : []),
    ...(steps.some(isInLedger) || plan.script?.marks ? [findLedger] : []),
    ...definitions,
    ...data.map((step) => inDatabaseOf(plan, step, transaction(partsOf(plan, step), variables))),
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

/** A saved plan contains neither what others have added to the objects that it replaces, nor which copies it outdates. */
function requireExpressible(plan: Plan): void {
  const { refusals, steps, script } = plan
  if (refusals.length > 0) {
    throw refused(refusals.map(({ code, title, reason, hint }) => ({ code, message: `${title}: ${reason}`, hint })))
  }
  // Such a plan has values instead of references.
  if (script) return
  const hint = 'Print the script with fdwsync plan --format sql.'
  const problems = steps.flatMap((step) => {
    if (step.action === 'replace' || step.action === 'alter')
      return [{ ...noScript, hint, message: `${step.title}: what depends on it in the database is not known here` }]
    const isUnresolved = partsOf(plan, step).some(({ statements }) => statements.some(hasReference))
    return isUnresolved ? [{ ...noScript, hint, message: `${step.title}: it has an unresolved reference` }] : []
  })
  if (problems.length > 0) throw refused(problems)
}

function hasReference({ sql }: Statement): boolean {
  return /\$\{(?:env|file):/.test(sql)
}

/** Each after those that must succeed first. */
function inOrder(steps: readonly Step[]): readonly Step[] {
  const ordered = topologicalOrder(
    steps,
    ({ id }) => id,
    ({ after }) => after,
  )
  return [...ordered.filter(({ last }) => !last), ...ordered.filter(({ last }) => last)]
}

/** What a step runs, in this order. */
export function partsOf(plan: Plan, step: Step): readonly ScriptPart[] {
  if (step.action === 'replace') return plan.script?.parts.get(step.id) ?? []
  const { key, statements } = step
  const title = `${step.action} ${step.title}`
  const part = { key, title, settings: settingsOf(plan, step), statements }
  return [isInLedger(step) ? { ...part, isForLedger: true } : part]
}

/** A load runs under the settings of the session, as any REFRESH does. */
function settingsOf({ searchPath }: Plan, { stage }: PlainStep): Sql {
  if (stage !== 'populate') return manifestSettings(searchPath)
  return sql`SET LOCAL search_path = ${searchPath.length === 0 ? literal('') : join(searchPath.map(ident), ', ')}`
}

function header(plan: Plan, variables: SecretVariables): string {
  const { manifest, database } = plan
  const notices = planNotices(plan).map(({ level, text, names }) =>
    comment([`${level}: ${text}`, names].filter((part) => part !== '').join(': ')),
  )
  const secrets = variables.names.flatMap((name) => [`\\if :{?${name}}`, '\\else', unset(name), '\\endif'])
  return [
    comment(`fdwsync ${toolVersion}: ${manifest} → ${database.name} (PostgreSQL ${database.serverVersion})`),
    '-- Run it with psql -X -f. It is for the database as it was planned for; what it replaces must not have changed since.',
    '-- It does not record in the ledger of fdwsync what it did: the next apply records what it finds.',
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
function isInLedger({ key }: Pick<Step, 'key'>): boolean {
  return idOf(key)?.kind === 'refreshPolicy'
}

const findLedger = `-- Refresh policies, and what is known of earlier refreshes, are in the ledger. If there is none yet, the next apply writes it.
SELECT pg_catalog.to_regclass('fdwsync.policy') IS NOT NULL AS has_ledger \\gset
\\if :has_ledger
DO $$ BEGIN
  IF (SELECT version OPERATOR(pg_catalog.<>) ${ledgerVersion} FROM fdwsync.version) THEN
    RAISE EXCEPTION 'the ledger in schema "fdwsync" is that of another release' USING HINT = 'Use fdwsync apply, which migrates it.';
  END IF;
END $$;
\\endif`

function unset(name: string): string {
  return `DO $$ BEGIN RAISE EXCEPTION 'the psql variable ${name} is not set'; END $$;`
}

function comment(text: string): string {
  return `-- ${printable(oneLine(text))}`
}

/** psql connects to the other database as it did to this one. */
function inDatabaseOf({ database: target }: Plan, step: Step, text: string): string {
  if (step.action === 'replace' || step.database === undefined) return text
  const setting = `SELECT pg_catalog.set_config('${targetSetting}', ${literal(target.name)}, false);`
  return [connect(step.database), setting, text, connect(target.name)].join('\n')
}

function connect(database: string): string {
  return `\\connect ${ident(database)}\nSET standard_conforming_strings = on;`
}

function transaction(parts: readonly ScriptPart[], variables: SecretVariables): string {
  const lines = ['BEGIN;', 'SET LOCAL statement_timeout = 0;']
  let present = ''
  for (const part of parts) {
    lines.push('', comment(part.title))
    for (const statement of part.statements) {
      const needed = statement.isResolved ? catalogSettings : part.settings
      if (needed !== present) lines.push(`${needed};`)
      present = needed
      const text = `${printableSql(withVariables(part, statement, variables))};`
      lines.push(...within(part, statement, text))
    }
  }
  return [...lines, '', 'COMMIT;'].join('\n')
}

const catalogSettings = manifestSettings(['pg_catalog', 'pg_temp'])

function within(part: ScriptPart, { isInSubtransaction }: Statement, text: string): readonly string[] {
  if (part.isForLedger) return ['\\if :has_ledger', text, '\\endif']
  return isInSubtransaction ? ['SAVEPOINT statement;', text, 'RELEASE statement;'] : [text]
}
