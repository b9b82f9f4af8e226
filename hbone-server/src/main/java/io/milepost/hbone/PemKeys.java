package io.milepost.hbone;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Reads certificates and private keys in PEM: PKCS#8, PKCS#1 (RSA) and SEC1 (EC). */
final class PemKeys {
    private static final String BEGIN = "-----BEGIN ";
    private static final byte[] VERSION_0 = {2, 1, 0};
    // SEQUENCE { OID 1.2.840.113549.1.1.1, NULL }
    private static final byte[] RSA = {
        0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00
    };
    // OID 1.2.840.10045.2.1
    private static final byte[] EC_PUBLIC_KEY = {0x06, 0x07, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x02, 0x01};
    // OIDs 1.2.840.10045.3.1.7 and 1.3.132.0.34
    private static final byte[] P256 = {0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x03, 0x01, 0x07};
    private static final byte[] P384 = {0x06, 0x05, 0x2b, (byte) 0x81, 0x04, 0x00, 0x22};
    private static final int OCTET_STRING_TAG = 0x04;
    private static final int PARAMETERS_TAG = 0xa0;

    private PemKeys() {}

    static List<X509Certificate> certificates(byte[] pem, String name) throws GeneralSecurityException {
        List<X509Certificate> found = new ArrayList<>();
        for (Certificate certificate :
                CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem))) {
            found.add((X509Certificate) certificate);
        }
        if (found.isEmpty()) {
            throw new GeneralSecurityException(name + " contains no certificate");
        }
        return found;
    }

    static PrivateKey privateKey(byte[] pem, String name) throws GeneralSecurityException {
        String text = new String(pem, StandardCharsets.US_ASCII);
        for (int at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at + 1)) {
            int typeEnd = text.indexOf("-----", at + BEGIN.length());
            if (typeEnd < 0) {
                break;
            }
            String type = text.substring(at + BEGIN.length(), typeEnd);
            if (!type.endsWith("PRIVATE KEY")) {
                continue;
            }
            int end = text.indexOf("-----END " + type, typeEnd);
            if (end < 0) {
                break;
            }
            byte[] der;
            try {
                der = Base64.getMimeDecoder().decode(text.substring(typeEnd + 5, end));
            } catch (IllegalArgumentException e) {
                throw new GeneralSecurityException(name + ": the key is no base64", e);
            }
            return switch (type) {
                case "PRIVATE KEY" -> pkcs8(der, name);
                case "RSA PRIVATE KEY" -> pkcs8(der(0x30, VERSION_0, RSA, der(0x04, der)), name);
                case "EC PRIVATE KEY" ->
                    pkcs8(der(0x30, VERSION_0, der(0x30, EC_PUBLIC_KEY, curve(der, name)), der(0x04, der)), name);
                default ->
                    throw new GeneralSecurityException(name + ": a key of type '" + type
                            + "' is not supported; convert it to PKCS#8 without password");
            };
        }
        throw new GeneralSecurityException(name + " contains no private key");
    }

    private static PrivateKey pkcs8(byte[] der, String name) throws GeneralSecurityException {
        PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(der);
        for (String algorithm : new String[] {"EC", "RSA"}) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(spec);
            } catch (InvalidKeySpecException e) {
                // The next algorithm.
            }
        }
        throw new GeneralSecurityException(name + ": the private key is neither EC nor RSA");
    }

    /** The curve's OID of SEC1 {@code ECPrivateKey ::= SEQUENCE { version, privateKey, [0] parameters, ... }}. */
    private static byte[] curve(byte[] der, String name) throws GeneralSecurityException {
        try {
            int keyLength = 0;
            int at = contentStart(der, 0);
            while (at < der.length) {
                int content = contentStart(der, at);
                int length = contentLength(der, at);
                if (der[at] == OCTET_STRING_TAG) {
                    keyLength = length;
                } else if ((der[at] & 0xff) == PARAMETERS_TAG) {
                    byte[] oid = new byte[length];
                    System.arraycopy(der, content, oid, 0, length);
                    return oid;
                }
                at = content + length;
            }
            // The parameters are optional; of the curves that TLS knows, the length tells which it is.
            switch (keyLength) {
                case 32 -> {
                    return P256;
                }
                case 48 -> {
                    return P384;
                }
                default -> {}
            }
        } catch (ArrayIndexOutOfBoundsException e) {
            throw new GeneralSecurityException(name + ": the EC key is cut off", e);
        }
        throw new GeneralSecurityException(name + ": the EC key does not name its curve; convert it to PKCS#8");
    }

    private static int contentStart(byte[] der, int at) {
        int first = der[at + 1] & 0xff;
        return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
    }

    private static int contentLength(byte[] der, int at) {
        int first = der[at + 1] & 0xff;
        if (first < 0x80) {
            return first;
        }
        int length = 0;
        for (int i = 0; i < (first & 0x7f); i++) {
            length = length << 8 | der[at + 2 + i] & 0xff;
        }
        return length;
    }

    private static byte[] der(int tag, byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(length + 4);
        out.write(tag);
        if (length < 0x80) {
            out.write(length);
        } else if (length < 0x100) {
            out.write(0x81);
            out.write(length);
        } else {
            out.write(0x82);
            out.write(length >> 8);
            out.write(length);
        }
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
