using Link.Core.Api.Access;
using Link.Core.Api.Tls;

namespace Link.Core.Api;

/// <summary>The files that the API reads: certificates and users.</summary>
internal sealed class ApiFiles
{
    public ApiFiles(ApiOptions options, TimeProvider time, Action<string, Exception?> log)
    {
        if (options.CertificateFile is not null && options.KeyFile is not null)
        {
            Certificate = new ServerCertificate(options.CertificateFile, options.KeyFile, options.ClientCaFile, time, log);
        }

        if (options.UsersFile is not null)
        {
            Users = new UsersFile(options.UsersFile, time, log);
        }
    }

    /// <summary>Null: TCP without TLS.</summary>
    public ServerCertificate? Certificate { get; }

    public UsersFile? Users { get; }

    /// <summary>Reads them now. One line for each that cannot be used.</summary>
    public IReadOnlyList<string> Refresh() => [.. new[] { Certificate?.Refresh(), Users?.Refresh() }.OfType<string>()];
}
