using Link.Core.Api;

namespace Link.Core.Agent;

internal sealed partial record AgentOptions
{
    /// <summary>What of it concerns the API.</summary>
    public ApiOptions ToApi(string version) => new()
    {
        Version = version,
        Addresses = Bind,
        Port = Port,
        SocketPath = Socket,
        User = User,
        Password = Password?.Reveal(),
        UsersFile = ApiUsersFile,
        CertificateFile = ApiTlsCert,
        KeyFile = ApiTlsKey,
        ClientCaFile = ApiTlsClientCa,
        Loopback = Loopback,
    };
}
