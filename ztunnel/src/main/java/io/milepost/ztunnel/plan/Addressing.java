package io.milepost.ztunnel.plan;

import io.milepost.mesh.IpAddress;
import io.milepost.mesh.Workload;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Texts and choices of addresses. */
final class Addressing {
    private Addressing() {}

    static String hostPort(IpAddress address, int port) {
        return address.v6() ? "[" + address + "]:" + port : address + ":" + port;
    }

    /** The address that was asked for if it is the workload's, else one of the same family, else the first. */
    static @Nullable IpAddress of(Workload w, IpAddress asked) {
        List<IpAddress> all = w.addresses();
        if (all.isEmpty()) {
            return null;
        }
        if (all.contains(asked)) {
            return asked;
        }
        for (IpAddress a : all) {
            if (a.v6() == asked.v6()) {
                return a;
            }
        }
        return all.getFirst();
    }
}
