"""AutoencoderKL (Stable Diffusion's) in plain PyTorch: what `latent-vae` is timed against. Names are those of diffusers' state dicts."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPS = 1e-6


def norm(groups: int, channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(groups, channels, eps=EPS)


class Resnet(nn.Module):
    def __init__(self, cin: int, cout: int, groups: int):
        super().__init__()
        self.norm1, self.conv1 = norm(groups, cin), nn.Conv2d(cin, cout, 3, padding=1)
        self.norm2, self.conv2 = norm(groups, cout), nn.Conv2d(cout, cout, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(cin, cout, 1) if cin != cout else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.silu(self.norm1(x)))
        y = self.conv2(F.silu(self.norm2(y)))
        return (x if self.conv_shortcut is None else self.conv_shortcut(x)) + y


class Attention(nn.Module):
    def __init__(self, channels: int, groups: int):
        super().__init__()
        self.group_norm = norm(groups, channels)
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x: Tensor) -> Tensor:
        pixels = self.group_norm(x).flatten(2).transpose(1, 2)
        # One head over all channels.
        q, k, v = (layer(pixels)[:, None] for layer in (self.to_q, self.to_k, self.to_v))
        y = self.to_out[0](F.scaled_dot_product_attention(q, k, v)[:, 0])
        return x + y.transpose(1, 2).reshape(x.shape)


class Middle(nn.Module):
    def __init__(self, channels: int, groups: int):
        super().__init__()
        self.resnets = nn.ModuleList(Resnet(channels, channels, groups) for _ in range(2))
        self.attentions = nn.ModuleList([Attention(channels, groups)])

    def forward(self, x: Tensor) -> Tensor:
        return self.resnets[1](self.attentions[0](self.resnets[0](x)))


class Sampler(nn.Module):
    """A change of resolution: diffusers keeps its convolution as `.conv`."""

    def __init__(self, channels: int, down: bool):
        super().__init__()
        self.down = down
        self.conv = nn.Conv2d(channels, channels, 3, stride=2) if down else nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        # Down: zeros on the right and bottom only.
        return self.conv(F.pad(x, (0, 1, 0, 1)) if self.down else F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    def __init__(self, cin: int, cout: int, layers: int, groups: int, resample: str | None):
        super().__init__()
        self.resnets = nn.ModuleList(Resnet(cin if i == 0 else cout, cout, groups) for i in range(layers))
        if resample is not None:
            setattr(self, resample, nn.ModuleList([Sampler(cout, resample == "downsamplers")]))
        self.resample = resample

    def forward(self, x: Tensor) -> Tensor:
        for block in self.resnets:
            x = block(x)
        return x if self.resample is None else getattr(self, self.resample)[0](x)


class Half(nn.Module):
    """Encoder or decoder."""

    def __init__(self, cin: int, cout: int, widths: list[int], layers: int, groups: int, encoder: bool):
        super().__init__()
        self.encoder = encoder
        widths = widths if encoder else widths[::-1]
        kind = "downsamplers" if encoder else "upsamplers"
        levels = nn.ModuleList(
            Level(widths[max(i - 1, 0)], w, layers, groups, kind if i < len(widths) - 1 else None)
            for i, w in enumerate(widths)
        )
        self.conv_in = nn.Conv2d(cin, widths[0], 3, padding=1)
        setattr(self, "down_blocks" if encoder else "up_blocks", levels)
        self.mid_block = Middle(widths[-1] if encoder else widths[0], groups)
        self.conv_norm_out = norm(groups, widths[-1])
        self.conv_out = nn.Conv2d(widths[-1], cout, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        if not self.encoder:
            x = self.mid_block(x)
        for level in self.down_blocks if self.encoder else self.up_blocks:
            x = level(x)
        if self.encoder:
            x = self.mid_block(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class Autoencoder(nn.Module):
    def __init__(self, config: dict):
        super().__init__()
        widths, layers, groups = config["block_out_channels"], config["layers_per_block"], config["norm_num_groups"]
        z = config["latent_channels"]
        self.encoder = Half(config["in_channels"], 2 * z, widths, layers, groups, encoder=True)
        self.decoder = Half(z, config["out_channels"], widths, layers + 1, groups, encoder=False)
        self.quant_conv, self.post_quant_conv = nn.Conv2d(2 * z, 2 * z, 1), nn.Conv2d(z, z, 1)

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, logvar = self.quant_conv(self.encoder(images)).chunk(2, dim=1)
        logvar = logvar.clamp(-30, 20)
        return mean, logvar, (logvar / 2).exp()

    def decode(self, latents: Tensor) -> Tensor:
        return self.decoder(self.post_quant_conv(latents))
