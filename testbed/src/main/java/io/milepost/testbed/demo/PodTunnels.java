package io.milepost.testbed.demo;

/** Both ends of one pod's tunnels: what a node's ztunnel would do for it in the demo. */
record PodTunnels(Pod pod, SocksEntry outbound, HboneInbound inbound) implements MeshProcess {
    @Override
    public String describe() {
        String address = pod.address().getHostAddress();
        return "pod " + pod.name() + " on " + address + ": HBONE " + address + ":15008, SOCKS5 " + address + ":"
                + Pod.SOCKS_PORT + ", " + pod.identity();
    }

    @Override
    public void close() {
        outbound.close();
        inbound.close();
    }
}
