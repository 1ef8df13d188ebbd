// Tests of wrappers other than postgres_fdw: rounds of changes here and at the source, and what every output shows.

import { readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import { refresh } from '../../src/api/refresh.ts'
import type { Plan } from '../../src/core/plan.ts'
import type { ParsedManifest } from '../../src/manifest/manifest.ts'
import { createPlan } from '../../src/planner/create-plan.ts'
import { runSql } from '../servers/databases.ts'
import type { WrapperHost } from '../servers/wrapper-host.ts'
import { run } from './command.ts'
import { applyDefaults, applyTo, connectTo, type Environment, planFor } from './fdwsync.ts'
import { changesOf, missedOf } from './outcomes.ts'

/** A change on the target or at its source, and the plan that is expected after it. */
export interface Round {
  readonly what: string
  /** Run on the target. */
  readonly here?: string
  readonly there?: string
  readonly changes: readonly string[]
  readonly allow?: readonly string[]
}

/** Applies, and requires that everything was applied, that nothing is left to do, and that every view can be refreshed. */
export async function converge(parsed: ParsedManifest, url: string, allow: readonly string[] = []): Promise<Plan> {
  const { plan, report } = await applyTo(parsed, url, { allow })
  expect(missedOf(report)).toEqual([])
  const again = await planFor(parsed, url)
  expect(changesOf(again)).toEqual([])
  expect(again.undetermined).toEqual([])
  expect(again.refusals).toEqual([])
  const { views } = await refresh(parsed, [], connectTo(url), { ...applyDefaults, hidden: [] })
  expect(views.map(({ title, outcome }) => `${title}: ${outcome.status}`)).toEqual(
    views.map(({ title }) => `${title}: applied`),
  )
  return plan
}

/** One round after the other: the plan has those changes, and after the apply there are none. */
export async function runRounds(
  parsed: ParsedManifest,
  url: string,
  rounds: readonly Round[],
  there: (text: string) => unknown,
): Promise<void> {
  for (const { what, here, there: atSource, changes, allow } of rounds) {
    if (here !== undefined) await runSql(url, here)
    if (atSource !== undefined) await there(atSource)
    const plan = await planFor(parsed, url)
    expect({ what, changes: changesOf(plan), undetermined: plan.undetermined }).toEqual({
      what,
      changes,
      undetermined: [],
    })
    await converge(parsed, url, allow)
  }
}

/** The foreign tables of a schema, each with its columns, as the catalog has them. */
export async function tablesOf(url: string, schema: string): Promise<Readonly<Record<string, unknown>>> {
  const rows = await runSql(
    url,
    `SELECT c.relname AS name, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) AS columns
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relnamespace = '${schema}'::regnamespace AND c.relkind = 'f' GROUP BY 1 ORDER BY 1`,
  )
  return Object.fromEntries(rows.map(({ name, columns }) => [String(name), columns]))
}

/** A plan that asks no source. */
export async function offlinePlan(parsed: ParsedManifest, url: string): Promise<Plan> {
  const session = await connectTo(url)('plan')
  try {
    return (await createPlan(session, parsed, { populate: true })).plan
  } finally {
    await session.close()
  }
}

/** All output of the command about a manifest, and what the server logs meanwhile. */
export async function runCommand(
  { server }: WrapperHost,
  url: string,
  manifest: string,
  env: Environment,
): Promise<{ readonly shown: string; readonly log: string }> {
  const target = { url, env }
  const rounds = [
    ['plan'],
    ['plan', '--format', 'json'],
    ['plan', '--format', 'sql'],
    ['apply', '--auto-approve'],
    ['status'],
    ['refresh'],
  ]
  const shown: string[] = []
  for (const args of rounds) {
    const { stdout, stderr } = await run(target, args, manifest)
    shown.push(stdout, stderr)
  }
  return { shown: shown.join('\n'), log: await readFile(server.logFile, 'utf8') }
}
