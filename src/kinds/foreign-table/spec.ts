// What a foreign table consists of.
import type { Access } from '../facets/access.ts'
import type { Check } from '../facets/columns/checks.ts'
import { type Column, columnExpressions } from '../facets/columns/columns.ts'
import type { TextsAsLive } from '../facets/columns/renames.ts'
import type { Comment } from '../facets/comment.ts'
import type { Ignoring } from '../facets/ignored.ts'
import type { OptionValues } from '../facets/options.ts'
import type { Protection } from '../facets/protection.ts'
import type { SecretOptions } from '../facets/secret-options.ts'
import type { Parents } from './parents.ts'

export interface ForeignTableSpec extends Access, Partial<Parents>, Ignoring, Protection, SecretOptions {
  readonly server: string
  readonly options: OptionValues
  readonly columns: Readonly<Record<string, Column>>
  readonly checks: Readonly<Record<string, Check>>
  readonly comment?: Comment
  /** Not in a declaration: the names of the live table's columns, in their order. */
  readonly liveColumns?: readonly string[]
  /** Wanted only, and only where columns are renamed. */
  readonly textsAsLive?: TextsAsLive | undefined
}

/** Expressions that name the types of its columns, and those that the table contains. */
export function typedExpressions({ columns, checks }: ForeignTableSpec): readonly string[] {
  return [...columnExpressions(columns), ...Object.values(checks).map(({ expression }) => expression)]
}
