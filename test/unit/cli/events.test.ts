// Files of events that cannot be written.

import { existsSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { eventWriter } from '../../../src/cli/events.ts'

const full = '/dev/full'

test('a file that cannot be created is a usage error', () => {
  expect(() => eventWriter({ events: '/' })).toThrow('--events /: the file cannot be written: it is a folder')
})

test.skipIf(!existsSync(full))(`a full disk is a warning, once, and stops nothing (needs ${full})`, () => {
  const messages: string[] = []
  const print = vi.spyOn(process.stderr, 'write').mockImplementation((text) => messages.push(String(text)) > 0)
  onTestFinished(() => print.mockRestore())
  const write = eventWriter({ events: full })
  for (const reason of ['a', 'b']) write({ type: 'warning', reason })
  expect(messages).toEqual([`warning: --events ${full}: no more events are written: the disk is full\n`])
})
