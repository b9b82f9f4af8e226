package io.milepost.config.xds;

/**
 * {@code inbound-vip|9080|http/v1|reviews.default.svc.cluster.local}, or a name of another form.
 *
 * @param port 0 when the name has none
 * @param protocol {@code http} or {@code tcp}; empty when the name has none
 * @param subset empty for the whole service
 * @param host empty when the name has none
 */
record ChainName(String name, int port, String protocol, String subset, String host) {
    static ChainName of(String name) {
        String[] p = name.split("\\|", -1);
        if (p.length != 4
                || p[1].isEmpty()
                || p[1].length() > 5
                || !p[1].chars().allMatch(c -> c >= '0' && c <= '9')) {
            return new ChainName(name, 0, "", "", "");
        }
        int port = Integer.parseInt(p[1]);
        if (!p[0].equals("inbound-vip")) {
            return new ChainName(name, port, "", p[2], p[3]);
        }
        int slash = p[2].indexOf('/');
        return new ChainName(
                name,
                port,
                slash < 0 ? p[2] : p[2].substring(0, slash),
                slash < 0 ? "" : p[2].substring(slash + 1),
                p[3]);
    }
}
