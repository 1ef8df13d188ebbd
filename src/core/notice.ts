// The notices of a server, as they are passed on to whoever runs a plan or an apply.

import { groupBy } from './data.ts'
import type { Key } from './object.ts'
import type { Warning } from './plan.ts'
import { someOf } from './some-of.ts'

/** A WARNING or NOTICE of a server. */
export interface Notice {
  readonly severity: 'warning' | 'notice'
  /** The message, with its detail. */
  readonly text: string
  readonly hint?: string
  /** Whether PostgreSQL itself reports it, as it does of many statements: `relation "x" already exists, skipping`. */
  readonly isRoutine: boolean
  /** Whether a function raised it, an event trigger for example. */
  readonly isOfFunction: boolean
}

/** A notice about one object, or one import. */
export interface ObjectNotice {
  readonly key: Key
  readonly title: string
  readonly notice: Notice
}

/** Warnings are always passed on; notices, unless PostgreSQL reports them routinely. */
export function isReported({ severity, isRoutine }: Notice): boolean {
  return severity === 'warning' || !isRoutine
}

/** One warning for all notices that differ only in names and numbers. */
export function warningsOfNotices(notices: readonly ObjectNotice[]): readonly Warning[] {
  const groups = groupBy(notices, ({ notice }) => `${notice.severity} ${withoutNames(notice.text)}`)
  return Array.from(groups.values(), warningOf)
}

/** How many names of a group are listed. */
const listed = 10

function warningOf(group: readonly ObjectNotice[]): Warning {
  const [first, ...others] = group
  if (!first) throw new Error('a group is never empty')
  const { key, title, notice } = first
  const verb = notice.severity === 'warning' ? 'the server warns' : 'the server reports'
  const titles = new Set(others.map((other) => other.title))
  titles.delete(title)
  // If all concern one object, such as an import, the names in the texts differ.
  const names =
    titles.size > 0 ? [...titles] : [...new Set(others.flatMap((other) => namesIn(other.notice.text).slice(0, 1)))]
  return {
    code: 'server/notice',
    key,
    title,
    message: `${title}: ${verb}: ${notice.text}${alikeText(others.length, names)}`,
    ...(notice.hint === undefined ? {} : { hint: notice.hint }),
  }
}

function alikeText(count: number, names: readonly string[]): string {
  if (count === 0) return ''
  return ` (and ${count} alike${names.length === 0 ? '' : `: ${someOf(names, listed)}`})`
}

function withoutNames(text: string): string {
  return text.replace(/"[^"]*"|'[^']*'|\d+/g, '…')
}

function namesIn(text: string): readonly string[] {
  return Array.from(text.matchAll(/"([^"]*)"/g), ([, name = '']) => name)
}
