/**
 * {@code ./milepost demo}: Bookinfo on loopback, each pod on an address of its own, behind ztunnels and a waypoint.
 *
 * <p>Start at {@link io.milepost.testbed.demo.DemoMain}. {@link io.milepost.testbed.demo.Tour} holds the steps and what
 * each of them expects, {@link io.milepost.testbed.demo.DemoMesh} starts the processes, {@link
 * io.milepost.testbed.demo.BookinfoApp} and its kin are the applications. The applications know nothing of the mesh: they
 * call each other by service name through the SOCKS5 port of their pod's ztunnel ({@link
 * io.milepost.testbed.demo.PodClient}).
 */
@NullMarked
package io.milepost.testbed.demo;

import org.jspecify.annotations.NullMarked;
