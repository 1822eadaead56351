// SPDX-License-Identifier: Apache-2.0
// Files that are cut off, or that a disk no longer gives, while they are mapped (MappedFile). The kernel
// answers a read of what is gone with SIGBUS, in whichever thread reads. The map then becomes zeros, so that
// the thread gets to a place where an error can be thrown; what is computed from then on is worth nothing.
// AtomicFile and AtomicFolder write none of it down, long work sees it in Context::throw_if_interrupted, and
// the program does not end well.
#pragma once

namespace xlt {

// Throws kIo naming the file if bytes of one were found missing, be its map open or not. Costs next to
// nothing; any thread.
void throw_if_bytes_lost();
// The same, and looks at the size of each mapped file: one that lost less than a page gives no signal.
void throw_if_files_shrank();

}  // namespace xlt
