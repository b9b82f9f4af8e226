/** The certificate authority of tests and of the demo: a root and SPIFFE leaves of istiod's shape, as PEM files. Start at {@link io.milepost.testbed.ca.TestCa}. */
@NullMarked
package io.milepost.testbed.ca;

import org.jspecify.annotations.NullMarked;
