using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Link.Core.Files;

/// <summary>
/// A certificate, its key and the authorities to trust, each a PEM file or none, read again when they have changed. A renewal in progress (a new
/// certificate beside the old key) must not cut off what works: while the files cannot be used, those read before stay in use.
/// </summary>
internal sealed class CertificateFiles(string? certificateFile, string? keyFile, string? caFile)
{
    private readonly Lock _gate = new();
    private (WatchedText? Certificate, WatchedText? Key, WatchedText? Ca) _read;
    private LoadedCertificates? _loaded;

    /// <summary>File with the authorities; null: none, the system's.</summary>
    public string? CaFile => caFile;

    /// <summary>What was read last and could be used; null: nothing yet.</summary>
    public LoadedCertificates? Current
    {
        get
        {
            lock (_gate)
                return _loaded;
        }
    }

    /// <summary>Reads the files and takes them if they changed. Null, or what is wrong with which file.</summary>
    public string? Refresh()
    {
        lock (_gate)
        {
            string? path = null;
            try
            {
                WatchedText? ca = Read(caFile, ref path);
                WatchedText? certificate = Read(certificateFile, ref path);
                WatchedText? key = Read(keyFile, ref path);
                if (_loaded is not null && _read == (certificate, key, ca))
                    return null;
                path = caFile;
                X509Certificate2Collection? roots = ca is null ? null : LoadAll(ca);
                path = certificateFile;
                X509Certificate2Collection? chain = certificate is null ? null : LoadAll(certificate);
                path = keyFile;
                SslStreamCertificateContext? own = null;
                if (chain is not null)
                    own = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(certificate!.Text, (key ?? certificate).Text), chain, offline: true);
                (_read, _loaded) = ((certificate, key, ca), new LoadedCertificates(own, roots));
                return null;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
            {
                path ??= certificateFile ?? "";
                return $"certificate file {path}: {(fault is CryptographicException or ArgumentException ? $"not usable: {fault.Message}" : WatchedText.Reason(fault, path))}";
            }
        }
    }

    private static WatchedText? Read(string? file, ref string? path)
    {
        path = file;
        return file is null ? null : WatchedText.Read(file);
    }

    private static X509Certificate2Collection LoadAll(WatchedText file)
    {
        X509Certificate2Collection certificates = [];
        certificates.ImportFromPem(file.Text);
        return certificates.Count > 0 ? certificates : throw new CryptographicException("no certificate in PEM form in it");
    }
}
