// A plan as Markdown: the summary, then what needs a decision, then the changes, folded. It always fits into a comment on GitHub.

import type { Plan } from '../../core/plan.ts'
import type { PlanOptions } from '../format.ts'
import { type NoticeLevel, type PlanNotice, planNotices } from '../plan-notices.ts'
import { type ChangeEntry, changeEntries } from '../text/changes.ts'
import { counted } from '../text/layout.ts'
import { summaryOf } from '../text/plan-summary.ts'
import { renderRecorded } from '../text/recorded.ts'
import { codeBlock, codeSpan } from './code.ts'

/** GitHub's limit for a comment is 65,536 characters. The rest is for what a workflow adds. */
const maxLength = 60_000
const maxNotices = 25_000
/** The limit for one entry. A query can be as long as a manifest. */
const maxEntryLines = 60
const columns = 100

export function renderPlan(plan: Plan, options: PlanOptions): string {
  const textOptions = { ...options, columns }
  const head = [
    `### fdwsync ${options.command ?? 'plan'}: ${codeSpan(plan.manifest)} → ${codeSpan(plan.database.name)}`,
    '',
    `**${summaryOf(plan, options)}**`,
  ]
  const notices = noticeLines(planNotices(plan), maxNotices)
  const room = maxLength - lengthOf(head) - lengthOf(notices)
  const changes = changesLines(changeEntries(plan, textOptions), room - 1000)
  const recorded = renderRecorded(plan, textOptions)
  const folded = recorded.length === 0 ? [] : details('Recorded in the ledger only', recorded.map(limited))
  const hasRoom = lengthOf(folded) < room - lengthOf(changes)
  return `${[...head, ...notices, ...changes, ...(hasRoom ? folded : [])].join('\n')}\n`
}

const lengthOf = (lines: readonly string[]): number => lines.reduce((sum, line) => sum + line.length + 1, 0)

const headings: Readonly<Record<NoticeLevel, readonly [alert: string, title: string]>> = {
  refused: ['CAUTION', 'This plan cannot be applied'],
  hazard: ['WARNING', 'Hazards'],
  undetermined: ['IMPORTANT', 'Undetermined: there may be more changes'],
  warning: ['NOTE', 'Warnings'],
}

function noticeLines(all: readonly PlanNotice[], room: number): readonly string[] {
  const lines: string[] = []
  let left = room
  for (const [level, [alert, title]] of Object.entries(headings)) {
    const own = all.filter((notice) => notice.level === level)
    if (own.length === 0) continue
    lines.push('', `> [!${alert}]`, `> **${title}**`)
    const shown = fitting(own.map(noticeLine), left)
    lines.push(...shown)
    left -= lengthOf(shown)
    if (shown.length < own.length)
      lines.push(`> - … and ${counted(own.length - shown.length, 'more entry', 'more entries')}`)
  }
  return lines
}

function noticeLine({ text, names, hint }: PlanNotice): string {
  return `> - ${[text, names, hint]
    .filter((part) => part !== '')
    .map((part) => codeSpan(limited(part)))
    .join('<br>')}`
}

function limited(text: string): string {
  return text.length <= 1000 ? text : `${text.slice(0, 1000)}…`
}

/** The first lines, as many as there is room for. */
function fitting(lines: readonly string[], room: number): readonly string[] {
  let left = room
  const end = lines.findIndex((line) => {
    left -= line.length + 1
    return left < 0
  })
  return end < 0 ? lines : lines.slice(0, end)
}

function changesLines(entries: readonly ChangeEntry[], room: number): readonly string[] {
  if (entries.length === 0) return []
  const all = entries.reduce((sum, { count }) => sum + count, 0)
  let left = room
  const end = entries.findIndex(({ lines }) => {
    left -= lengthOf(shortened(lines))
    return left < 0
  })
  const shown = end < 0 ? entries : entries.slice(0, end)
  const missing = all - shown.reduce((sum, { count }) => sum + count, 0)
  const note =
    missing === 0
      ? []
      : [
          '',
          `${counted(missing, 'more change')} left out, since a comment cannot be longer. The job has the whole plan.`,
        ]
  return [
    ...details(
      counted(all, 'change'),
      shown.flatMap(({ lines }) => shortened(lines)),
    ),
    ...note,
  ]
}

function shortened(lines: readonly string[]): readonly string[] {
  const shown = lines.map(limited)
  return shown.length <= maxEntryLines
    ? shown
    : [...shown.slice(0, maxEntryLines), `      … ${counted(shown.length - maxEntryLines, 'more line')}`]
}

function details(title: string, lines: readonly string[]): readonly string[] {
  return ['', `<details><summary>${title}</summary>`, '', ...codeBlock(lines), '', '</details>']
}
