namespace Link.Core.Storage;

/// <summary>A secret that is to be encrypted anew.</summary>
/// <param name="SeenRevision">etcd's revision of the key when it was read.</param>
internal sealed record SecretRotation(string Key, long SeenRevision, SecretRecord New);
