-- How do I calibrate and test with my own images?
-- Put JPEG or PNG files into one folder per class and give the folder to `augq.data.image_folder`; files are decoded
-- when they are needed, so memory does not grow with their number. `resize` and `crop` work as torchvision's, and
-- `normalized` applies the mean and deviation the network was trained with. Images have three channels, also grey ones.
local augq = require "augq"
local png = require "lib.png"

-- Image files to read: stripes in four directions, forty images of each.
local folder = os.tmpname()
os.remove(folder)
local stripes = augq.data.stripes { count = 160, size = 16 }
local pixels = stripes:images()
for class = 0, 3 do os.execute(("mkdir -p '%s/%d'"):format(folder, class)) end
for index = 1, #stripes do
  local label = (index - 1) % 4
  png.write(("%s/%d/%03d.png"):format(folder, label, index), pixels:rows(index, index):values(), 16, 16)
end

local images = augq.data.image_folder(folder, { resize = 16, crop = 16 })
  :normalized { mean = { 0.5, 0.5, 0.5 }, std = { 0.25, 0.25, 0.25 } }
print(("%d images %s of %d classes"):format(#images, table.concat(images.shape, "x"), #images.classes))

-- From here on they are a data set like any other.
local train = images:sample(120, { seed = 1 })
local model = augq.build(augq.model.tiny_cnn { height = 16, width = 16, channels = 3, classes = 4, filters = 8 })
augq.train(model, { data = train, epochs = 30, batch = 30, optimizer = augq.optimizer.adam { learning_rate = 0.01 } })
local q = augq.quantize(model, {
  weights = augq.granularity.uniform { bits = 8, group = "channel" },
  activations = augq.granularity.uniform { bits = 8 }, calibration = train,
})
print(("%.0f %% right in floating point, %.0f %% in integers"):format(
  augq.evaluate(model, images).top1, augq.evaluate(q:compile(), images).top1))
os.execute(("rm -r '%s'"):format(folder))

-- It printed:
--
-- ```text
-- 160 images 16x16x3 of 4 classes
-- 100 % right in floating point, 100 % in integers
-- ```
