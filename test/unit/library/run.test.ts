// Runs: events as an async iterable, and the result.

import { expect, test } from 'vitest'
import type { ApplyEvent } from '../../../src/core/event.ts'
import { startRun } from '../../../src/library/run.ts'

const warning = (reason: string): ApplyEvent => ({ type: 'warning', reason })

async function reasonsOf(events: AsyncIterable<ApplyEvent>): Promise<readonly string[]> {
  const reasons: string[] = []
  for await (const event of events) reasons.push(event.type === 'warning' ? event.reason : event.type)
  return reasons
}

test('events are read while the work runs, and again later', async () => {
  let goOn = () => {}
  const gate = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const run = startRun(new AbortController().signal, async (emit) => {
    emit(warning('first'))
    await gate
    emit(warning('second'))
    return 'done'
  })
  const events = run[Symbol.asyncIterator]()
  expect(await events.next()).toMatchObject({ value: { reason: 'first' } })
  goOn()
  expect(await events.next()).toMatchObject({ value: { reason: 'second' } })
  expect(await events.next()).toMatchObject({ done: true })
  expect(await run.result).toBe('done')
  expect(await reasonsOf(run)).toEqual(['first', 'second'])
})

test('an error ends the iteration, and rejects the result only for who awaits it', async () => {
  const run = startRun(new AbortController().signal, async (emit) => {
    emit(warning('first'))
    throw new Error('refused')
  })
  await expect(reasonsOf(run)).rejects.toThrow('refused')
  await expect(run.result).rejects.toThrow('refused')
})
