// Runs a case and compares what happened with what it expects. Neither vitest nor the command line: both use this.

import { isDeepStrictEqual } from 'node:util'
import { countsOf } from '../../src/core/counts.ts'
import { FdwsyncError } from '../../src/core/errors.ts'
import type { ApplyEvent } from '../../src/core/event.ts'
import type { Plan } from '../../src/core/plan.ts'
import type { ParsedManifest } from '../../src/manifest/manifest.ts'
import { isProvable } from '../../src/planner/proof/proof.ts'
import { applyTo, manifestOf, planFor } from '../support/fdwsync.ts'
import { missedOf } from '../support/outcomes.ts'
import type { CaseFixture } from './case-fixture.ts'
import { disagreements } from './compare-formats.ts'
import type { Case, Expectation } from './read-case.ts'

/** One thing that a case expects, and what was found instead or just as well. */
export interface Comparison {
  readonly what: string
  /** The key of expect.yaml that has it; undefined for what every case expects. */
  readonly key?: keyof Expectation
  readonly expected: unknown
  readonly found: unknown
}

/** What happened so far, so that it can be shown where a case ends with an error. */
export interface CaseLog {
  plan: Plan | undefined
  readonly events: ApplyEvent[]
}

export function newLog(): CaseLog {
  return { plan: undefined, events: [] }
}

export function differs({ expected, found }: Comparison): boolean {
  return !isDeepStrictEqual(expected, found)
}

export async function runCase(testCase: Case, fixture: CaseFixture, log: CaseLog): Promise<readonly Comparison[]> {
  const { first, between, expected } = testCase
  const { env, url, sql } = fixture
  if (first !== undefined) {
    const { report } = await applyTo(await manifestOf(first, env), url, { allow: expected.allow })
    const missed = missedOf(report)
    if (missed.length > 0)
      return [{ what: 'steps of the first manifest that were not applied', expected: [], found: missed }]
    await sql(between)
  }
  return expected.error ? runToError(testCase, expected.error, fixture, log) : runToEnd(testCase, fixture, log)
}

async function runToEnd(testCase: Case, fixture: CaseFixture, log: CaseLog): Promise<readonly Comparison[]> {
  const { env, url, sql } = fixture
  const { expected, manifest } = testCase
  const { keeps, why, hazards, warnings } = expected
  const before = await sql(oidsQuery(keeps, 'was'))
  const parsed = await manifestOf(manifest, env)
  const { plan, report } = await applyTo(parsed, url, optionsFor(testCase, log), expected.takeOver)
  log.plan = plan
  const catalog: Comparison[] = []
  for (const { query, rows } of expected.catalog) {
    catalog.push({ what: query, key: 'catalog', expected: rows, found: await sql(query) })
  }
  const after = await sql(oidsQuery(keeps, 'is'))
  const second = await planFor(parsed, url)
  const proofs = await sql(`SELECT catalog_state FROM fdwsync.proof WHERE manifest = '${parsed.manifest.name}'`)
  const third = isProvable(parsed) ? await planWithoutProof(parsed, fixture) : second
  return [
    { what: 'the plan', key: 'plan', expected: expected.plan, found: summaryOf(plan) },
    ...(why ? [{ what: 'causes', key: 'why', expected: why, found: causesOf(plan) } as const] : []),
    ...(hazards ? [{ what: 'hazards', key: 'hazards', expected: hazards, found: hazardsOf(plan) } as const] : []),
    ...(warnings
      ? [
          {
            what: 'warnings',
            key: 'warnings',
            expected: warnings,
            found: plan.warnings.map(({ message }) => message),
          } as const,
        ]
      : []),
    { what: 'what the text of the plan and its JSON do not share', expected: [], found: disagreements(plan) },
    { what: 'steps that were not applied', expected: [], found: missedOf(report) },
    { what: 'the counts of the report', expected: countsOf(plan), found: report?.applied },
    ...catalog,
    { what: 'the OIDs of what is kept', expected: before, found: after },
    { what: 'a second plan', expected: [], found: summaryOf(second) },
    { what: 'what a second plan could not determine', expected: [], found: second.undetermined },
    // The second plan compares the digest of the catalog with the ledger's: its fingerprint is that digest, unless there are
    // imports or passwords in clear text. The third plan has no proof to rely on and probes everything.
    ...(isProvable(parsed)
      ? [{ what: 'what the ledger proves', expected: [{ catalog_state: second.fingerprint }], found: proofs }]
      : []),
    { what: 'a third plan, without proofs', expected: [], found: summaryOf(third) },
  ]
}

/** Probes everything. */
async function planWithoutProof(parsed: ParsedManifest, { url, sql }: CaseFixture): Promise<Plan> {
  await sql('DELETE FROM fdwsync.proof; UPDATE fdwsync.object SET closure = NULL')
  return planFor(parsed, url)
}

async function runToError(
  testCase: Case,
  { exit, messages }: NonNullable<Expectation['error']>,
  { env, url }: CaseFixture,
  log: CaseLog,
): Promise<readonly Comparison[]> {
  const { manifest, expected } = testCase
  const attempt = async () =>
    applyTo(await manifestOf(manifest, env), url, optionsFor(testCase, log), expected.takeOver)
  const error: unknown = await attempt().then(
    ({ plan }) => {
      log.plan = plan
    },
    (reason: unknown) => reason,
  )
  if (!(error instanceof FdwsyncError)) {
    if (error !== undefined) throw error
    return [{ what: 'an error', expected: { exit, messages }, found: undefined }]
  }
  const reported = error.problems.map(({ message, hint, place }) =>
    `${place ? `${place.line}:${place.column}: ` : ''}${message} ${hint ?? ''}`.trimEnd(),
  )
  const isReported = messages.every((text) => reported.join('\n').includes(text))
  return [
    {
      what: 'the error',
      key: 'error',
      expected: { exit, messages },
      found: { exit: error.exitCode, messages: isReported ? messages : reported },
    },
  ]
}

function optionsFor({ expected }: Case, { events }: CaseLog) {
  return { allow: expected.allow, emit: (event: ApplyEvent) => void events.push(event) }
}

function summaryOf(plan: Plan): readonly string[] {
  return plan.changes.map(({ change, title }) => {
    const fields =
      change.op === 'alter' || change.op === 'replace' ? `: ${change.fields.map(({ field }) => field).join(', ')}` : ''
    // What is renamed aside until the swap has a random name.
    return `${change.op} ${title.replace(/(?<=fdwsync_old_)[0-9a-f]+_\d+/, 'RANDOM')}${fields}`
  })
}

/** `foreign table shop.orders: both (column total type: manifest, option table_name: drift)`, also for what is only recorded. */
function causesOf(plan: Plan): readonly string[] {
  return plan.changes.map(({ change, title, cause, takenFrom }) => {
    const fields = 'fields' in change ? change.fields : []
    const each = fields.map((field) => `${field.field}: ${field.cause ?? 'unknown'}`).join(', ')
    const taken = takenFrom.length > 0 ? `, taken over from ${takenFrom.join(', ')}` : ''
    return `${title}: ${cause ?? 'unknown'}${taken}${new Set(fields.map((field) => field.cause)).size > 1 ? ` (${each})` : ''}`
  })
}

function hazardsOf(plan: Plan): readonly string[] {
  return plan.changes.flatMap(({ hazards }) => hazards.map(({ name, detail }) => `${name}: ${detail}`))
}

function oidsQuery(keeps: Expectation['keeps'], at: 'was' | 'is'): string {
  const names = keeps.map((kept) => (typeof kept === 'string' ? kept : kept[at]).replaceAll("'", "''"))
  const rows = names.map((name, place) => `(${place}, '${name}')`)
  return rows.length === 0
    ? ''
    : `SELECT place, to_regclass(name)::oid AS oid FROM (VALUES ${rows.join(', ')}) AS kept(place, name) ORDER BY place`
}
