namespace Link.Core.Storage;

/// <summary>What is wrong with one secret.</summary>
/// <param name="Field">The field of plugin_config, as <c>secret</c> or <c>headers.Authorization</c>; of a rotation, the key in etcd; empty: plugin_config itself.</param>
/// <param name="Message">One line for the operator, which names the key in etcd where there is one. No secret.</param>
internal sealed record SecretFault(string Field, string Message)
{
    public override string ToString() => Field.Length == 0 ? Message : $"{Field}: {Message}";
}
