package io.milepost.testbed.demo;

import io.milepost.mesh.SpiffeId;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * A pod of the demo as the configuration describes it.
 *
 * @param name of the workload, for example {@code reviews-v1-0}
 * @param app the label {@code app}, for example {@code reviews}
 * @param version the label {@code version}
 * @param identity its service account
 * @param address its own loopback address
 */
record Pod(String name, String app, String version, SpiffeId identity, InetAddress address) {
    /** SOCKS5 port of a ztunnel; on the pod's address, so that whoever enters there acts for this pod. */
    static final int SOCKS_PORT = 15080;

    /** Port of every Bookinfo application. */
    static final int APP_PORT = 9080;

    InetSocketAddress socks() {
        return new InetSocketAddress(address, SOCKS_PORT);
    }

    InetSocketAddress appAddress() {
        return new InetSocketAddress(address, APP_PORT);
    }

    /** {@code reviews-v1}: what a person calls it. */
    String shortName() {
        return version.isEmpty() ? app : app + "-" + version;
    }
}
