// The texts that users read, in one file for review: texts.md beside this file. `npx vitest run --project unit texts -u`
// updates it after a text has changed.

import { Chalk } from 'chalk'
import { CommanderError } from 'commander'
import { expect, test } from 'vitest'
import { createProgram } from '../../../src/cli/program.ts'
import { errorText } from '../../../src/cli/report-error.ts'
import { usageErrorOf } from '../../../src/cli/usage-error.ts'
import { renderEvent } from '../../../src/render/text/events.ts'
import { textFormat } from '../../../src/render/text/format.ts'
import { renderLockDiff } from '../../../src/render/text/lock-diff.ts'
import { read } from '../manifest/reading.ts'
import * as samples from './texts-samples.ts'

const style = new Chalk({ level: 0 })
const options = { style, columns: 100 }

test('the texts are those of texts.md', async () => {
  const sections = [
    ['Help', helpTexts()],
    ['Wrong usage', usageErrors()],
    ['Plans', samples.plans.map(([title, plan, more]) => block(title, textFormat.plan(plan, { ...options, ...more })))],
    ['Progress', [block('on standard error', samples.events.map((event) => renderEvent(event, style)).join('\n'))]],
    ['Reports of apply', samples.reports.map(([title, report]) => block(title, textFormat.report(report, options)))],
    [
      'Reports of refresh',
      samples.refreshes.map(([title, report]) => block(title, textFormat.refresh(report, options))),
    ],
    [
      'Comparisons with the sources',
      samples.verifications.map(([title, report]) => block(title, textFormat.verify(report, options))),
    ],
    ['Status', samples.statuses.map(([title, report]) => block(title, textFormat.status(report, options)))],
    ['History', samples.histories.map(([title, found]) => block(title, textFormat.history(found, options)))],
    ['History of refreshes', [block('three of more', textFormat.refreshHistory(samples.refreshHistory, options))]],
    ['One apply', [block('in detail', textFormat.applyDetails(samples.applyDetails, options))]],
    ['A lock that is out of date', [block('pin --check', renderLockDiff('shop.lock.yaml', ...samples.locks, style))]],
    ['Errors in a manifest', await manifestErrors()],
    ['Other errors', samples.errors.map(([title, error]) => block(title, errorText(error)))],
  ] as const
  const text = sections.map(([title, blocks]) => `## ${title}\n\n${blocks.join('\n')}`).join('\n')
  await expect(`# What users read\n\n${text}`).toMatchFileSnapshot('texts.md')
})

function block(title: string, text: string): string {
  return `${title}\n\n\`\`\`\n${text.trimEnd()}\n\`\`\`\n`
}

/** A program that writes into `written` instead of to the terminal. */
function capturing() {
  const written: string[] = []
  const program = createProgram()
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({ writeOut: (text) => written.push(text), writeErr: (text) => written.push(text) })
      .configureHelp({ helpWidth: 100 })
  }
  return { program, written }
}

function helpTexts(): readonly string[] {
  const { program, written } = capturing()
  return [program, ...program.commands].map((command) => {
    command.outputHelp()
    return block(
      command === program ? 'fdwsync --help' : `fdwsync ${command.name()} --help`,
      written.splice(0).join(''),
    )
  })
}

function usageErrors(): readonly string[] {
  return samples.commandLines.map((line) => {
    const { program } = capturing()
    const argv = ['node', 'fdwsync', ...line.split(' ')]
    return block(
      `fdwsync ${line}`,
      errorText(
        usageErrorOf(
          thrownBy(() => program.parse(argv)),
          argv,
        ),
      ),
    )
  })
}

function thrownBy(parse: () => unknown): CommanderError {
  try {
    parse()
  } catch (error) {
    if (error instanceof CommanderError) return error
  }
  throw new Error('the arguments are not wrong')
}

async function manifestErrors(): Promise<readonly string[]> {
  const blocks: string[] = []
  for (const [title, text] of samples.manifests) {
    const error: unknown = await read(text).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error, title).toBeDefined()
    blocks.push(block(title, errorText(error)))
  }
  return blocks
}
