// Reads a case, a folder of test/cases: a database, a manifest, and what is expected of a plan and an apply.
//
//   manifest.yaml      the manifest of the case
//   expect.yaml        what is expected: the keys of `Expectation` below
//   before.sql         run in the target first
//   first.yaml         a manifest that is applied before the one of the case, or
//   first.patch.yaml   what that manifest has otherwise: a merge patch (RFC 7396) of manifest.yaml, where null removes a key
//   between.sql        run in the target between the two
//   source.sql         run in a source of the case alone, instead of the source that all cases share
//
// In a manifest `{{SHOP}}` is what nearly all of them begin with: see shop.yaml. In SQL `{{SOURCE_HOST}}` is the same
// variable as `${env:SOURCE_HOST}` in a manifest, and so on.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMap, isScalar, parse, parseDocument, type YAMLMap } from 'yaml'

export interface Case {
  readonly name: string
  readonly folder: string
  readonly source: string | undefined
  readonly before: string
  readonly first: string | undefined
  readonly between: string
  readonly manifest: string
  readonly expected: Expectation
}

/** What expect.yaml can have. What it does not have is not compared, but for `plan`: without it nothing may change. */
export interface Expectation {
  /** The plan, a line per change: `alter foreign table shop.orders: column total type, option table_name`. */
  readonly plan: readonly string[]
  /** Queries on the target afterwards, with their rows. */
  readonly catalog: readonly { readonly query: string; readonly rows: readonly unknown[] }[]
  /** Relations that keep their OIDs, perhaps under another name. */
  readonly keeps: readonly (string | { readonly was: string; readonly is: string })[]
  /** Hazards that are allowed. */
  readonly allow: readonly string[]
  /** Whether it is applied with --take-over. */
  readonly takeOver: boolean
  /** The cause of each change, and of its fields where these have several. */
  readonly why?: readonly string[]
  /** The names and details of all hazards. */
  readonly hazards?: readonly string[]
  /** All warnings of the plan. */
  readonly warnings?: readonly string[]
  /** The case ends with this exit code, and these texts are in what is reported. */
  readonly error?: { readonly exit: number; readonly messages: readonly string[] }
  /**
   * The majors of the target that the case is for. It runs on the newest of them, since most of what is planned does not
   * depend on the version; with `each`, which is for what does, on each major of the run.
   */
  readonly majors: { readonly from?: number; readonly upTo?: number; readonly each?: boolean }
}

const defaults = { plan: [], catalog: [], keeps: [], allow: [], takeOver: false, majors: {} }
const knownKeys = new Set([...Object.keys(defaults), 'why', 'hazards', 'warnings', 'error'])
const shop = readFileSync(join(import.meta.dirname, 'shop.yaml'), 'utf8').trimEnd()

export function caseNames(): readonly string[] {
  return readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
}

export function readCase(name: string): Case {
  const folder = join(import.meta.dirname, name)
  const files = new Set(readdirSync(folder))
  const text = (file: string) => (files.has(file) ? readFileSync(join(folder, file), 'utf8') : undefined)
  const manifest = withShop(text('manifest.yaml') ?? '')
  if (manifest === '') throw new Error(`${name} has no manifest.yaml`)
  const patch = text('first.patch.yaml')
  return {
    name,
    folder,
    source: text('source.sql'),
    before: text('before.sql') ?? '',
    first: patch === undefined ? withShop(text('first.yaml')) : patched(manifest, patch),
    between: text('between.sql') ?? '',
    manifest,
    expected: readExpectation(name, text('expect.yaml') ?? ''),
  }
}

/** The majors of a run on which a case runs, the newest first. */
export function majorsOf({ expected }: Case, majors: readonly number[], isChosen: boolean): readonly number[] {
  const { from = 0, upTo = 99, each = false } = expected.majors
  const fitting = majors.filter((major) => from <= major && major <= upTo)
  return each || isChosen ? fitting : fitting.slice(0, 1)
}

function readExpectation(name: string, text: string): Expectation {
  const given: Partial<Expectation> = parse(text) ?? {}
  const unknown = Object.keys(given).filter((key) => !knownKeys.has(key))
  if (unknown.length > 0) throw new Error(`${name}/expect.yaml has the unknown key ${unknown.join(', ')}`)
  if (!given.plan?.length && !given.catalog?.length && !given.error)
    throw new Error(`${name}/expect.yaml expects nothing`)
  return { ...defaults, ...given }
}

function withShop<Text extends string | undefined>(text: Text): Text {
  return text?.replace('{{SHOP}}', () => shop) as Text
}

/** A manifest with a merge patch applied, so that its other parts stay as they are written. */
function patched(manifest: string, patch: string): string {
  const document = parseDocument(manifest)
  const change = parseDocument(patch)
  if (isMap(document.contents) && isMap(change.contents)) merge(document.contents, change.contents)
  return document.toString({ lineWidth: 0 })
}

function merge(into: YAMLMap, patch: YAMLMap): void {
  for (const { key, value } of patch.items) {
    const existing = into.get(key, true)
    if (isMap(existing) && isMap(value)) merge(existing, value)
    else if (isScalar(value) && value.value === null) into.delete(key)
    else into.set(key, value)
  }
}
