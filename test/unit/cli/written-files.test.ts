// Files that commands write: what they must not destroy.

import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { refuseToOverwrite } from '../../../src/cli/kept-inputs.ts'
import { writeAtomically } from '../../../src/cli/write-file.ts'

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fdwsync-written-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

const plan = { what: 'the plan', code: 'plan/unwritable' } as const

test.skipIf(process.platform === 'win32')('a pipe is written to, and stays a pipe', async () => {
  const pipe = join(newFolder(), 'pipe')
  execFileSync('mkfifo', [pipe])
  const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(reader))
  await writeAtomically(pipe, 'text', plan)
  expect(lstatSync(pipe).isFIFO()).toBe(true)
  const read = Buffer.alloc(8)
  expect(read.toString('utf8', 0, readSync(reader, read))).toBe('text')
})

test('a file is replaced, also through a symbolic link', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'old'), 'old')
  symlinkSync(join(folder, 'old'), join(folder, 'link'))
  await writeAtomically(join(folder, 'link'), 'new', plan)
  expect(readFileSync(join(folder, 'old'), 'utf8')).toBe('new')
  await expect(writeAtomically(folder, 'new', plan)).rejects.toThrow(`cannot write the plan ${folder}: it is a folder`)
})

test('what a command reads is not overwritten', () => {
  const folder = newFolder()
  const at = (name: string) => join(folder, name)
  const manifest = at('shop.yaml')
  for (const name of ['shop.yaml', 'shop.lock.yaml']) writeFileSync(at(name), '')
  symlinkSync(manifest, at('link'))
  const write = (path: string | undefined, inputs: readonly string[]) => () => refuseToOverwrite('--out', path, inputs)
  for (const path of [manifest, at('link'), at('shop.lock.yaml'), `${folder}/./shop.yaml`])
    expect(write(path, [manifest]), path).toThrow('this would overwrite or extend what the command reads')
  for (const path of [undefined, '-', at('plan.json'), at('plan.yaml')])
    expect(write(path, [manifest]), path).not.toThrow()
  expect(write(at('plan.yaml'), [folder])).toThrow('this would overwrite or extend what the command reads')
  expect(write(at('plan.json'), [folder])).not.toThrow()
  expect(write('-', ['-'])).not.toThrow()
  symlinkSync('circle', at('circle'))
  expect(write(at('circle'), [manifest])).not.toThrow()
})
