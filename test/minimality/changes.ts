// The changes of changes.yaml, one at a time, on top of base.yaml.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, parseDocument } from 'yaml'
import { connect } from '../servers/databases.ts'

export interface Change {
  readonly change: string
  readonly set?: Readonly<Record<string, unknown>>
  readonly unset?: readonly string[]
  /** The first major that has it. */
  readonly from?: number
  readonly touches: readonly string[]
  /** Where PostgreSQL 18 keeps more in its catalog. */
  readonly from18?: readonly string[]
  /** PostgreSQL has none: nothing comes after it. */
  readonly noWayBack?: true
  /** No other change can be tried at the same time. */
  readonly alone?: true
  /** Another change of the same attribute. */
  readonly otherwise?: Readonly<Record<string, unknown>>
}

export const text = (file: string): string => readFileSync(join(import.meta.dirname, file), 'utf8')

export const changes: readonly Change[] = parse(text('changes.yaml'))

/** The manifest with the changes. */
export function changedBy(all: readonly Pick<Change, 'set' | 'unset'>[]): string {
  const document = parseDocument(text('base.yaml'))
  for (const { set = {}, unset = [] } of all) {
    for (const [path, value] of Object.entries(set)) document.setIn(path.split('.'), value)
    for (const path of unset) document.deleteIn(path.split('.'))
  }
  return document.toString()
}

/** Creates what is not managed: parents of foreign tables. */
export async function prepare(url: string): Promise<void> {
  const client = await connect(url)
  await client.query(
    'CREATE TABLE public.days (id bigint) PARTITION BY RANGE (id); CREATE TABLE public.base (id bigint)',
  )
  await client.end()
}
