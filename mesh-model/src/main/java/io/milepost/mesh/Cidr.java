package io.milepost.mesh;

import java.util.Optional;

/**
 * An address range of either family.
 *
 * @param address 4 or 16 bytes, bits beyond the prefix are zero
 * @param prefix length in bits
 */
public record Cidr(IpAddress address, int prefix) {

    /** Parses {@code 10.0.0.0/8}, {@code 10.1.2.3}, {@code fd00::/8} or {@code fd00::1}. */
    public static Optional<Cidr> parse(String text) {
        int slash = text.indexOf('/');
        String ip = slash < 0 ? text : text.substring(0, slash);
        Optional<IpAddress> parsed = IpAddress.parse(ip);
        if (parsed.isEmpty()) {
            return Optional.empty();
        }
        int bits = parsed.get().bits();
        int length = bits;
        if (slash >= 0) {
            String l = text.substring(slash + 1);
            if (l.isEmpty() || l.length() > 3 || !l.chars().allMatch(c -> c >= '0' && c <= '9')) {
                return Optional.empty();
            }
            length = Integer.parseInt(l);
            if (length > bits) {
                return Optional.empty();
            }
        }
        return Optional.of(of(parsed.get(), length));
    }

    public static Cidr of(IpAddress address, int prefix) {
        byte[] b = address.bytes();
        for (int i = 0; i < b.length; i++) {
            int keep = Math.clamp(prefix - i * 8L, 0, 8);
            b[i] = (byte) (b[i] & (0xFF << (8 - keep)));
        }
        return new Cidr(IpAddress.of(b), prefix);
    }

    public boolean contains(IpAddress ip) {
        if (ip.bits() != address.bits()) {
            return false;
        }
        long mh = prefix >= 64 ? -1L : prefix == 0 ? 0 : -1L << (64 - prefix);
        long ml = prefix <= 64 ? 0 : prefix == 128 ? -1L : -1L << (128 - prefix);
        return (ip.high() & mh) == address.high() && (ip.low() & ml) == address.low();
    }

    /** Whether the range holds exactly one address. */
    public boolean isSingle() {
        return prefix == address.bits();
    }

    @Override
    public String toString() {
        return address + "/" + prefix;
    }
}
