// Writes the files that commands leave behind.

import { randomBytes } from 'node:crypto'
import { open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ProblemCode } from '../core/codes.ts'
import { FdwsyncError } from '../core/errors.ts'
import { fileFailure } from '../core/file-failure.ts'

/** What a file is, for the error if it cannot be written. */
interface Written {
  readonly what: string
  readonly code: ProblemCode
}

/**
 * Writes through a temporary file, so that a concurrent reader sees the old text or the new one, never a part. What is not a regular
 * file, such as a pipe or /dev/null, is written to instead, since another file would take its place.
 */
export async function writeAtomically(path: string, text: string, { what, code }: Written): Promise<void> {
  // A symbolic link stays: its target is replaced.
  const target = await realpath(path).catch(() => path)
  try {
    if (await isSpecial(target)) return await writeFile(target, text)
    await replace(target, text)
  } catch (error) {
    throw new FdwsyncError({ code, message: `cannot write ${what} ${path}: ${fileFailure(error)}` })
  }
}

/** Whether the path exists, and is neither a regular file nor a folder. */
async function isSpecial(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined)
  return found !== undefined && !found.isFile() && !found.isDirectory()
}

async function replace(target: string, text: string): Promise<void> {
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
    throw error
  }
}
