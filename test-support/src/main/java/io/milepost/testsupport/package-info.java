/**
 * Guards that watch a whole test suite. Start at {@link io.milepost.testsupport.SuiteGuard}, which JUnit finds by itself when
 * this module is on the test class path: a test class fails when an event loop blocked ({@link
 * io.milepost.testsupport.LoopGuard}) or a reference-counted object was garbage-collected without release ({@link
 * io.milepost.testsupport.LeakGuard}). {@link io.milepost.testsupport.ClientHellos} makes bytes that tests of several modules send.
 */
@NullMarked
package io.milepost.testsupport;

import org.jspecify.annotations.NullMarked;
