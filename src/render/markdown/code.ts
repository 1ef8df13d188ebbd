// Code spans and code blocks: nothing in them is Markdown, a mention, a link or HTML, whatever a name contains.

import { oneLine } from '../../core/printable.ts'

/** A text on one line. */
export function codeSpan(text: string): string {
  const shown = oneLine(text)
  const fence = '`'.repeat(longestRun(shown) + 1)
  // A blank keeps a backtick at the edge apart from the fence. GitHub removes it, and needs something between the fences.
  const space = shown === '' || /^[` ]|[` ]$/.test(shown) ? ' ' : ''
  return `${fence}${space}${shown}${space}${fence}`
}

export function codeBlock(lines: readonly string[]): readonly string[] {
  const fence = '`'.repeat(Math.max(3, ...lines.map((line) => longestRun(line) + 1)))
  return [`${fence}text`, ...lines, fence]
}

function longestRun(text: string): number {
  return Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length))
}
