// Writes the files that commands leave behind.

import { randomBytes } from 'node:crypto'
import { open, realpath, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ProblemCode } from '../core/codes.ts'
import { FdwsyncError } from '../core/errors.ts'
import { fileFailure } from '../core/file-failure.ts'

/** What a file is, for the error if it cannot be written. */
interface Written {
  readonly what: string
  readonly code: ProblemCode
}

/** Writes through a temporary file, so that a concurrent reader sees the old text or the new one, never a part. */
export async function writeAtomically(path: string, text: string, { what, code }: Written): Promise<void> {
  // A symbolic link stays: its target is replaced.
  const target = await realpath(path).catch(() => path)
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}`)
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw new FdwsyncError({ code, message: `cannot write ${what} ${path}: ${fileFailure(error)}` })
  }
}
