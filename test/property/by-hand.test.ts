// Whatever somebody changes by hand between two applies: a plan says what will change, and nothing else changes; after its apply a
// second plan is empty; and what it refuses it explains, and leaves as it is.

import { Chalk } from 'chalk'
import fc from 'fast-check'
import type pg from 'pg'
import { expect, test } from 'vitest'
import type { ProblemCode } from '../../src/core/codes.ts'
import { groupBy } from '../../src/core/data.ts'
import { exitCode, FdwsyncError } from '../../src/core/errors.ts'
import { hazardsToAllow, type Plan } from '../../src/core/plan.ts'
import type { ParsedManifest } from '../../src/manifest/manifest.ts'
import { renderPlan } from '../../src/render/text/plan.ts'
import { connect } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { catalogLines } from '../support/catalog.ts'
import { linesBeside } from '../support/catalog-beside.ts'
import { applyTo } from '../support/fdwsync.ts'
import { newestMajor } from '../support/majors.ts'
import { changesOf, missedOf } from '../support/outcomes.ts'
import { changeByHand, choices } from './by-hand.ts'
import { converge, createRoles, expectNoChanges, inDatabase, isLong, parse, repeat } from './converge.ts'
import { manifests } from './manifests.ts'
import type { ManifestData } from './parts.ts'

/** Why a plan may refuse what somebody has done. Any other reason is a fault. */
const goodReasons: readonly ProblemCode[] = [
  'dependents/declared',
  'dependents/unmanaged-object',
  'dependents/unmanaged-view',
  'object/name-taken',
]

test.each(newestMajor())('PostgreSQL $name: a plan says what changes after changes by hand, and nothing else changes', {
  timeout: 0,
}, async (pair: ServerPair) => {
  await createRoles(pair)
  const drawn = manifests(pair.target.major)
  const outcomes = new Map<string, number>()
  const property = fc.asyncProperty(drawn, fc.option(drawn, { freq: 1 }), choices, (from, other, chosen) =>
    inDatabase(pair, async ({ url }) => {
      await converge(url, from)
      const client = await connect(url)
      try {
        await client.query(trigger)
        const done = await changeByHand(client, chosen)
        const outcome = await applyAfter(done, other ?? from, other === null, { url, client })
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      } finally {
        await client.end()
      }
    }),
  )
  await repeat(2, 1, (options) => fc.assert(property, options))
  if (isLong) process.stdout.write(`${pair.name}: ${JSON.stringify(Object.fromEntries(outcomes))}\n`)
})

const trigger = `CREATE FUNCTION public.unchanged() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`

interface Target {
  readonly url: string
  readonly client: pg.Client
}

async function applyAfter(
  done: readonly string[],
  data: ManifestData,
  isDriftAlone: boolean,
  target: Target,
): Promise<'nothing changed' | 'refused' | 'applied'> {
  const manifest = await parse(data)
  const before = await linesIn(target)
  const plan = await apply(manifest, target)
  const after = await linesIn(target)
  if (plan === undefined) {
    expect([done, unlike(before, after)]).toEqual([done, []])
    return 'refused'
  }
  const text = renderPlan(plan, { style: new Chalk({ level: 0 }), columns: Number.POSITIVE_INFINITY, verbose: true })
  const unnamed = unlike(before, after).filter(({ title }) => !namesIn(title).some((name) => text.includes(name)))
  expect([done, text, unnamed]).toEqual([done, text, []])
  if (isDriftAlone)
    expect([
      done,
      text,
      plan.changes.filter(({ cause }) => cause !== undefined && !['drift', 'dependency'].includes(cause)),
    ]).toEqual([done, text, []])
  await expectNoChanges(target.url, manifest)
  // Without what the ledger proves, everything is compared.
  await target.client.query('DELETE FROM fdwsync.proof; UPDATE fdwsync.object SET closure = NULL')
  await expectNoChanges(target.url, manifest)
  return plan.changes.length === 0 ? 'nothing changed' : 'applied'
}

/** @returns the plan that was applied; undefined if it was refused for a good reason */
async function apply(manifest: ParsedManifest, { url }: Target): Promise<Plan | undefined> {
  try {
    const { plan, report } = await applyTo(manifest, url, { allow: hazardsToAllow })
    expect([changesOf(plan), missedOf(report)]).toEqual([changesOf(plan), []])
    expect(report?.applied).toEqual(report?.planned)
    return plan
  } catch (error) {
    if (!(error instanceof FdwsyncError)) throw error
    const bad = error.problems.filter(({ code }) => !goodReasons.includes(code))
    expect([error.exitCode, bad]).toEqual([exitCode.refused, []])
    return undefined
  }
}

/** All lines by what they are about: `foreign table proxy.orders`. Indexes are without their schema, which is that of their relation. */
async function linesIn({ client }: Target): Promise<ReadonlyMap<string, readonly string[]>> {
  const lines = [...(await catalogLines(client)), ...(await linesBeside(client))]
  const schemaOfIndex = /^(index(?: of a table)?) (?:\w+|"(?:[^"]|"")*")\./
  const shown = lines.map((line) => line.replace(schemaOfIndex, '$1 '))
  return groupBy(shown, (line) => line.slice(0, line.search(/: \w+ = /)))
}

/** Attributes that contain names of other objects, so that they differ once these are renamed. */
const namesOthers =
  /: (bound|columns|condition|constraints|definition|expression|inherits|query|type|wrapper|server) = /

interface Unlike {
  readonly title: string
  readonly lines: readonly string[]
}

function unlike(
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): readonly Unlike[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((title) => {
    const [one, other] = [before.get(title), after.get(title)]
    const lines =
      one && other ? differing(one, other).filter((line) => !namesOthers.test(line)) : [one ? 'is gone' : 'is new']
    return lines.length === 0 ? [] : [{ title, lines }]
  })
}

function differing(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...one.filter((line) => !other.includes(line)), ...other.filter((line) => !one.includes(line))]
}

/** What a plan may call it: its own name, that of the relation that it belongs to, or that of a schema that is renamed. */
function namesIn(title: string): readonly string[] {
  const [, name = ''] =
    title.match(/^(?:.* on |[a-z- ]+? )((?:\w+|"(?:[^"]|"")*")(?:\.(?:\w+|"(?:[^"]|"")*"))*)(?:\(.*\))?$/) ?? []
  const parts = name.match(/\w+|"(?:[^"]|"")*"/g) ?? []
  if (parts.length < 2) return [name]
  return [`schema ${parts[0]} `, `${parts[0]} → `, ...parts.slice(1).map((_, at) => parts.slice(0, at + 2).join('.'))]
}
