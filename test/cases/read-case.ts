import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'

/** A scenario: a database as it is, a manifest, and what should come of it. */
export interface Case {
  /** SQL that is run in the source's database, instead of the common source. */
  readonly source: string | undefined
  /** SQL that is run in the target's database first. */
  readonly before: string
  /** A manifest that is applied before; then `between` is run. */
  readonly first: string | undefined
  readonly between: string
  readonly manifest: string
  /** What the plan says, a line a change. */
  readonly plan: readonly string[]
  /** Queries on the target afterwards, with their rows. */
  readonly catalog: readonly { readonly query: string; readonly rows: readonly unknown[] }[]
  /** Relations that must be the same ones afterwards, by their OIDs; under another name perhaps. */
  readonly keeps: readonly (string | { readonly was: string; readonly is: string })[]
  readonly allow: readonly string[]
  /** Whether it is applied with --take-over. */
  readonly takeOver: boolean
  /** If given, why each of the changes: their causes, or for fields that differ in it the causes of the fields. */
  readonly why: readonly string[] | undefined
  /** If given, the names and details of all hazards. */
  readonly hazards: readonly string[] | undefined
  /** If given, all that the plan warns of. */
  readonly warnings: readonly string[] | undefined
  /** The major versions of the target that it is about. */
  readonly majors: { readonly from: number; readonly upTo: number }
  /** What is expected instead: nothing happens, and why is said. */
  readonly error: { readonly exit: number; readonly says: readonly string[] } | undefined
}

type Expectation = Partial<
  Pick<Case, 'plan' | 'catalog' | 'keeps' | 'allow' | 'takeOver' | 'why' | 'hazards' | 'warnings' | 'error'> & {
    majors: Partial<Case['majors']>
  }
>

const expectationKeys = new Set([
  'plan',
  'catalog',
  'keeps',
  'allow',
  'takeOver',
  'why',
  'hazards',
  'warnings',
  'error',
  'majors',
])

export async function readCase(folder: string): Promise<Case> {
  const text = (name: string) => readFile(join(folder, name), 'utf8').catch(() => undefined)
  const manifest = await text('manifest.yaml')
  const expectation: Expectation = parse((await text('expect.yaml')) ?? '') ?? {}
  if (manifest === undefined) throw new Error(`${folder} has no manifest.yaml`)
  const unknown = Object.keys(expectation).filter((key) => !expectationKeys.has(key))
  if (unknown.length > 0) throw new Error(`${folder}/expect.yaml has the unknown key ${unknown.join(', ')}`)
  const {
    plan = [],
    catalog = [],
    keeps = [],
    allow = [],
    takeOver = false,
    why,
    hazards,
    warnings,
    majors = {},
    error,
  } = expectation
  if (plan.length === 0 && catalog.length === 0 && !error) throw new Error(`${folder}/expect.yaml expects nothing`)
  return {
    source: await text('source.sql'),
    before: (await text('before.sql')) ?? '',
    first: await text('first.yaml'),
    between: (await text('between.sql')) ?? '',
    manifest,
    plan,
    catalog,
    keeps,
    allow,
    takeOver,
    why,
    hazards,
    warnings,
    majors: { from: majors.from ?? 0, upTo: majors.upTo ?? 99 },
    error,
  }
}
