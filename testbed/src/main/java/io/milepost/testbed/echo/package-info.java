/**
 * Application pods of the testbed: {@link io.milepost.testbed.echo.EchoApp} answers with what it saw, {@link io.milepost.testbed.echo.HbonePod} is the pod's own end of HBONE. Both use
 * nothing of Milepost's own code, so that they can testify about it.
 */
@NullMarked
package io.milepost.testbed.echo;

import org.jspecify.annotations.NullMarked;
